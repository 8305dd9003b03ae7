// How a worker in Node gets a token here: an assertion as Google's own gtoken 2 signs it, but with
// the key's id, posted to the token_uri of the key file. gtoken itself posts to www.googleapis.com
// whatever the key file says, and leaves the key's id out.

const jws = require('jws'); // what gtoken signs with

const AUDIENCE = 'https://www.googleapis.com/oauth2/v4/token';

async function signedToken(key, scopes) {
  const now = Math.floor(Date.now() / 1000);
  const assertion = jws.sign({
    header: {alg: 'RS256', kid: key.private_key_id},
    payload: {
      iss: key.client_email, scope: scopes.join(' '), aud: AUDIENCE, iat: now, exp: now + 3600,
    },
    secret: key.private_key,
  });
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion,
  });
  const reply = await fetch(key.token_uri, {method: 'POST', body: form});
  const tokens = await reply.json();
  if (!reply.ok) throw new Error(`${tokens.error}: ${tokens.error_description}`);
  return tokens.access_token;
}
