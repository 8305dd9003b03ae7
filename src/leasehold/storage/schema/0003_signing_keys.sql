-- The server's own keys, with which it signs ID tokens.
-- Instants are microseconds since the Unix epoch.

create table signing_keys (
  number      {int} not null primary key,  -- 1, 2, …: of two processes that add one, one succeeds
  kid         text not null unique,
  private_key {bytes} not null,            -- PKCS #8 (DER), sealed with the secret key file's key
  certificate text not null,               -- PEM; its public key is what clients verify with
  signs_from  {int} not null               -- published before that; signs until the next one does
) {table};
