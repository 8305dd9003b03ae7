// The peer: node-oidc-provider as it comes, in memory, with one client that may get tokens for
// itself and look at them. Prints where it listens. Arguments: the client id and its secret.

import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {createServer} from 'node:http';

// The packages are elsewhere (NODE_PATH), where `import` by name does not look.
const path = createRequire(import.meta.url).resolve('oidc-provider');
const {default: Provider} = await import(pathToFileURL(path));

const [id, secret] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    }],
    scopes: ['read'],
    features: {
      clientCredentials: {enabled: true},
      devInteractions: {enabled: false},
      introspection: {enabled: true},
    },
    ttl: {ClientCredentials: 3600},
  });
  server.on('request', provider.callback());
  console.log(`peer: listening on ${issuer}`);
});
process.on('SIGTERM', () => process.exit(0));
