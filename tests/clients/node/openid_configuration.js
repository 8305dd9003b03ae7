// The client as its manual has it: everything about the server comes from discovery. Plain http is
// for tests alone, and the library wants to be told so.

const openid = require('openid-client');

async function configured({issuer, clientId, secret, method}) {
  const authentication =
    method === 'client_secret_basic' ? openid.ClientSecretBasic(secret) : openid.ClientSecretPost(secret);
  return openid.discovery(new URL(issuer), clientId, undefined, authentication, {
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
