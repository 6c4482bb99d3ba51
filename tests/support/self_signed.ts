/**
 * A certificate that signs itself, for a server that nobody should trust, and its key. Good for nothing
 * else; made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500`.
 */
export const SELF_SIGNED: { readonly key: string; readonly cert: string } = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiLr8mUn0o77kqmIC
LCFl/31kZ3z/qsB/eDH64Z/0dMOhRANCAASLW1cPbXxB2kiNmbJUlfYufMnPfDzp
RwaYxpI0z59ndwHvJZ0CrWIBEgIF9ChZSLyrClWgLP2E6FaU8pJaJ+SB
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBazCCARKgAwIBAgIUa3xVTONfKvmW+8+xMe3bEj7dWV4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyMTExNTYzNFoYDzIxMjYxMDI4
MTE1NjM0WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASLW1cPbXxB2kiNmbJUlfYufMnPfDzpRwaYxpI0z59ndwHvJZ0CrWIB
EgIF9ChZSLyrClWgLP2E6FaU8pJaJ+SBo0AwPjAMBgNVHRMBAf8EAjAAMA8GA1Ud
EQQIMAaHBH8AAAEwHQYDVR0OBBYEFBW9Co47D+I7l9HoNChAojEGiqPaMAoGCCqG
SM49BAMCA0cAMEQCIBC7phGPcQDZrm56+LBfg11bXnKnsl1/PtVAhN6zS5NsAiAh
sz8CQUJdLzRogr6LcZpvGwv/vmjg7/nxn3Dp04Q9jA==
-----END CERTIFICATE-----
`,
};
