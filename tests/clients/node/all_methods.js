// Calls all methods of both versions, and prints what came back as one JSON object.

const {google} = require('googleapis');

async function main(rootUrl, keyText) {
  const key = JSON.parse(keyText);
  const at = {rootUrl}; // the second argument of each call; a client's own rootUrl is not looked at
  const auth = new google.auth.OAuth2();
  auth.setCredentials({access_token: await signedToken(key, SCOPES)});
  const tq = google.taskqueue({version: 'v1beta2', auth});
  const old = google.taskqueue({version: 'v1beta1', auth});
  const queue = {project: 's~demo', taskqueue: 'pull-queue'};
  const resource = {queueName: 'pull-queue', payloadBase64: 'am9i', tag: 'a b'};
  const refusal = (error) => ({
    status: error.response.status,
    message: error.response.data.error.message,
    reason: error.response.data.error.errors[0].reason,
  });

  const inserted = await tq.tasks.insert({...queue, resource}, at);
  const task = {...queue, task: inserted.data.id};
  const leased = await tq.tasks.lease(
    {...queue, numTasks: 5, leaseSecs: 60, groupByTag: true, tag: 'a b'}, at);
  const updated = await tq.tasks.update({...task, newLeaseSeconds: 600, resource}, at);
  const patched = await tq.tasks.patch(
    {...task, newLeaseSeconds: 30, resource: {queueName: 'pull-queue'}}, at);
  const compact = await tq.tasks.list({...queue, fields: 'items(id,tag)', prettyPrint: false},
    {...at, transformResponse: [(text) => text]});
  const refused = await tq.tasks.lease({...queue, numTasks: 0, leaseSecs: 1}, at).catch(refusal);
  const withKey = await tq.tasks.list({...queue, auth: 'AIza'}, at).catch(refusal);
  const shown = {
    inserted: inserted.data,
    gotten: (await tq.tasks.get(task, at)).data,
    leased: leased.data,
    leaseSentAs: leased.config.headers['Content-Type'],
    updated: updated.data,
    patched: patched.data,
    compact: compact.data,
    stats: (await tq.taskqueues.get({...queue, getStats: true}, at)).data.stats,
    refused,
    withKey,
    old: {
      queue: (await old.taskqueues.get(queue, at)).data.id,
      gotten: (await old.tasks.get(task, at)).data,
      listed: (await old.tasks.list(queue, at)).data.items.length,
      leased: (await old.tasks.lease({...queue, numTasks: 1, leaseSecs: 1}, at)).data,
    },
    deleted: (await tq.tasks.delete(task, at)).status,
    empty: (await tq.tasks.list(queue, at)).data,
  };
  const again = await tq.tasks.insert({...queue, resource}, at);
  shown.old.deleted = (await old.tasks.delete({...queue, task: again.data.id}, at)).status;
  console.log(JSON.stringify(shown));
}

const SCOPES = ['https://www.googleapis.com/auth/taskqueue'];
const [rootUrl, keyText] = process.argv.slice(1);
main(rootUrl, keyText).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
