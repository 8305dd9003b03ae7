// Where a person is to be sent, and what the client keeps until they come back.

async function begin(client, parameters) {
  const config = await configured(client);
  const kept = {
    pkceCodeVerifier: openid.randomPKCECodeVerifier(),
    expectedState: openid.randomState(),
    expectedNonce: openid.randomNonce(),
  };
  const url = openid.buildAuthorizationUrl(config, {
    ...parameters,
    code_challenge: await openid.calculatePKCECodeChallenge(kept.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: kept.expectedState,
    nonce: kept.expectedNonce,
  });
  show({url: url.href, kept});
}

const [client, parameters] = process.argv.slice(1).map(JSON.parse);
begin(client, parameters).catch(fail);
