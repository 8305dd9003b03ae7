// Ends the token in use, and prints what the next calls came to, first with a client that was
// given a token, then with one that can get another.

const {google} = require('googleapis');

// google.auth.JWT as it is, but that it asks where the key file says.
function workerOf(key) {
  class Worker extends google.auth.JWT {
    async refreshTokenNoCache() {
      // No expiry_date: the client refreshes after a 401 only a token of which it knows none.
      return {res: null, tokens: {access_token: await signedToken(key, this.scopes)}};
    }
  }
  return new Worker(key.client_email, null, key.private_key, SCOPES);
}

async function main(rootUrl, keyText) {
  const key = JSON.parse(keyText);
  const list = (auth) =>
    google.taskqueue({version: 'v1beta2', auth})
      .tasks.list({project: 'demo', taskqueue: 'pull-queue'}, {rootUrl})
      .then((reply) => reply.status, (error) => error.response.status);
  const revoke = (auth) =>
    fetch(`${rootUrl}revoke?token=${auth.credentials.access_token}`, {method: 'POST'});

  const given = new google.auth.OAuth2();
  given.setCredentials({access_token: await signedToken(key, SCOPES)});
  const withGiven = [await list(given)];
  await revoke(given);
  withGiven.push(await list(given));
  given.setCredentials({access_token: await signedToken(key, SCOPES)});
  withGiven.push(await list(given));

  const worker = workerOf(key);
  const withWorker = [await list(worker)];
  const before = worker.credentials.access_token;
  await revoke(worker);
  withWorker.push(await list(worker));
  const isNew = before !== worker.credentials.access_token;
  console.log(JSON.stringify({withGiven, withWorker, isNew}));
}

const SCOPES = ['https://www.googleapis.com/auth/taskqueue'];
const [rootUrl, keyText] = process.argv.slice(1);
main(rootUrl, keyText).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
