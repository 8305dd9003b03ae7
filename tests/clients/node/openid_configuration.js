// The client as its manual has it: everything about the server comes from discovery. Plain http is
// for tests alone, and the library wants to be told so.

const openid = require('openid-client');

async function configured({issuer, clientId, secret, method}) {
  // Given a secret and nothing else, the library puts it into the form.
  const basic = method === 'client_secret_basic' ? openid.ClientSecretBasic(secret) : undefined;
  return openid.discovery(new URL(issuer), clientId, secret, basic, {
    execute: [openid.allowInsecureRequests],
  });
}

function show(value) {
  console.log(JSON.stringify(value));
}

function fail(error) {
  console.error(error);
  process.exit(1);
}
