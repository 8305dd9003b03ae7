// What the library makes of answers that are not those it has asked for: a code for each of them.

async function refusals(client, answers) {
  const config = await configured(client);
  const codes = [];
  for (const {url, kept} of answers) {
    codes.push(
      await openid
        .authorizationCodeGrant(config, new URL(url), kept)
        .then(() => 'taken', (error) => error.error || error.cause?.message || error.code),
    );
  }
  return codes;
}

const [client, answers] = process.argv.slice(1).map(JSON.parse);
refusals(client, answers).then(show, fail);
