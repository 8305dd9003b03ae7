// What a client does with a person who has come back, from the exchange to the revocation.

async function finish(client, {url, kept}, api) {
  const config = await configured(client);
  const tokens = await openid.authorizationCodeGrant(config, new URL(url), kept);
  const claims = tokens.claims();
  const person = await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
  const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
  const call = () =>
    openid
      .fetchProtectedResource(config, refreshed.access_token, new URL(api), 'GET')
      .then((reply) => reply.status, (error) => error.status);
  const shown = {claims, person, scope: tokens.scope, called: await call()};
  shown.isNew = refreshed.access_token !== tokens.access_token;
  shown.refreshedSubject = refreshed.claims().sub;
  shown.introspected = await openid.tokenIntrospection(config, refreshed.access_token);
  await openid.tokenRevocation(config, tokens.refresh_token);
  shown.calledAfterwards = await call();
  shown.introspectedAfterwards = await openid.tokenIntrospection(config, refreshed.access_token);
  shown.refreshedAfterwards = await openid
    .refreshTokenGrant(config, tokens.refresh_token)
    .then(() => 'refreshed', (error) => error.error);
  return shown;
}

const [client, back, api] = process.argv.slice(1).map(JSON.parse);
finish(client, back, api).then(show, fail);
