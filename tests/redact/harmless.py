"""The second corpus' other half: terminal output without a secret, of which nothing may be hidden."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from tests.redact.scenes import Row, cut, plain
from tests.redact.second import fill

# A kind each: a name, and lines in which patterns are filled in. `|` parts lines.
_KINDS = """
git-hashes {h40} refs/heads/main|{h40} refs/tags/v1.{d2}.0|{h7} (HEAD -> main, origin/main) Fix token refresh
git-diff-index index {h7}..{h7} 100644|--- a/src/password.rs|+++ b/src/password.rs|@@ -10,7 +10,7 @@ fn check_password(|-    let token = lexer.next();|+    let token = lexer.next()?;
git-blame {h8} (Jo Doe 2026-01-02 10:00:00 +0100  12)     return token|^{h7} (Ann Lee 2025-11-02 12)     password = None
git-objects Enumerating objects: {n3}, done.|Writing objects: 100% (12/12), 1.{d2} KiB, done.|To github.com:acme/x.git|   {h7}..{h7}  main -> main
uuid-list {h8}-{h4}-4{h3}-8{h3}-{h12}|{h8}-{h4}-4{h3}-9{h3}-{h12}|id: {h8}-{h4}-4{h3}-a{h3}-{h12}
request-ids x-request-id: {h8}-{h4}-4{h3}-8{h3}-{h12}|x-amzn-trace-id: Root=1-{h8}-{h24}|x-amz-cf-id: {u54}==|x-github-request-id: {H4}:{H6}:{H6}
traceparent traceparent: 00-{h32}-{h16}-01|trace_id={h32} span_id={h16}|"traceId":"{h32}","spanId":"{h16}"
sha256sums {h64}  dist/app.tar.gz|{h64} *setup.exe|SHA256 (x.iso) = {h64}
etag ETag: "{h32}"|etag: W/"{h8}-{u27}"|if-none-match: "{h40}"
docker-images acme/api   latest   {h12}   3 days ago   212MB|postgres   16   {h12}   2 weeks ago   432MB
docker-layers sha256:{h64}: Pulling from library/node|{h12}: Already exists|Digest: sha256:{h64}|Status: Downloaded newer image for node:22
docker-build #8 [4/6] RUN npm ci|#8 sha256:{h64} 12.4MB / 30.1MB 0.8s|#9 exporting layers done|=> => writing image sha256:{h64}
k8s-pods api-{l10}-{l5}   1/1   Running   0   3d|token-cleaner-{d8}-{l5}   0/1   Completed   0   5h
k8s-secrets default-token-{l5}   kubernetes.io/service-account-token   3   90d|api-tls   kubernetes.io/tls   2   90d|db-credentials   Opaque   2   4d
k8s-describe Name:         db-credentials|Type:  Opaque|Data|====|password:  24 bytes|username:  5 bytes|token:     1024 bytes
k8s-refs       valueFrom:|        secretKeyRef:|          name: api-secrets|          key: database-password|    tokenSecret: session-token-store|  imagePullSecrets:
npm-lock       "integrity": "sha512-{b86}==",|      "resolved": "https://registry.npmjs.org/js-tokens/-/js-tokens-4.0.0.tgz",
yarn-lock js-tokens@^4.0.0:|  version "4.0.0"|  resolved "https://registry.yarnpkg.com/js-tokens/-/js-tokens-4.0.0.tgz#{h40}"|  integrity sha512-{b86}==
cargo-lock name = "secrecy"|version = "0.8.0"|source = "registry+https://github.com/rust-lang/crates.io-index"|checksum = "{h64}"
go-sum golang.org/x/crypto v0.21.0 h1:{b43}=|golang.org/x/crypto v0.21.0/go.mod h1:{b43}=
poetry-lock     {{file = "keyring-25.1.0-py3-none-any.whl", hash = "sha256:{h64}"}},
pip-hashes     --hash=sha256:{h64} \\|    --hash=sha256:{h64}
uv-lock sdist = {{ url = "https://files.pythonhosted.org/packages/{h2}/{h2}/{h60}/tokenize-1.0.tar.gz", hash = "sha256:{h64}", size = 12345 }}
nix-store /nix/store/{l32}-openssl-3.0.13|copying path '/nix/store/{l32}-glibc-2.39'|building '/nix/store/{l32}-pass-1.7.4.drv'...
bazel bazel-out/k8-fastbuild/bin/external/{h40}/token.o|INFO: Build completed, {d3} total actions
conda numpy   1.26.4   py312h{h7}_0   conda-forge|libcurl   8.7.1   h{h7}_0   conda-forge
webpack asset main.{h20}.js 1.2 MiB [emitted] [immutable]|  chunk-{A8}.js   12.3 kB|dist/assets/index-{u8}.js  142.11 kB
css-modules .Login_password__{A5} {{ color: #{h6}; }}|<div class="token_{h6} Form_{u5}">|--color-key: #{h8};
svg <path d="M12.5 3.{d3}C{d2}.12 3 5 8.{d2} 5 12.5S{d2}.1 22 12.5 22z" fill="#{h6}"/>
data-uri <img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUg{b300}==">|url(data:font/woff2;base64,d09GMgABAAAAA{b200})
base64-blob {b76}|{b76}|{b76}|{b40}==
hexdump 00000000  {h2} {h2} {h2} {h2} {h2} {h2} {h2} {h2}  {h2} {h2} {h2} {h2} {h2} {h2} {h2} {h2}  {A16}|00000010: {h4} {h4} {h4} {h4} {h4} {h4} {h4} {h4}  {A16}
ssh-public ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b43} jo@laptop|ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{b372}= ci@build
ssh-fingerprints 256 SHA256:{b43} jo@laptop (ED25519)|ED25519 key fingerprint is SHA256:{b43}.|debug1: Offering public key: /home/jo/.ssh/id_ed25519 ED25519 SHA256:{b43} agent
known-hosts |1|{b27}=|{b27}= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b43}
tls-cert subject=CN=example.org|SHA1 Fingerprint={H2}:{H2}:{H2}:{H2}:{H2}:{H2}:{H2}:{H2}|serial={H32}|X509v3 Subject Key Identifier:|    {H2}:{H2}:{H2}:{H2}:{H2}:{H2}:{H2}:{H2}:{H2}:{H2}
gpg-list pub   rsa4096 2024-01-01 [SC]|      {H40}|uid           [ultimate] Jo Doe <jo@example.org>|sub   rsa4096 2024-01-01 [E]|gpg: using RSA key {H40}|gpg: Good signature from "Jo Doe"
x509-modulus Modulus=|    00:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}|Public-Key: (2048 bit)|Exponent: 65537 (0x10001)
sri <script src="/a.js" integrity="sha384-{b64}" crossorigin="anonymous"></script>
csp Content-Security-Policy: default-src 'self'; script-src 'nonce-{b24}' 'sha256-{b43}='
cookies-plain Cookie: theme=dark; lang=en-GB; consent=true|Set-Cookie: locale=de; Path=/; SameSite=Lax|document.cookie = "seen=1"
www-authenticate WWW-Authenticate: Bearer realm="https://auth.example.org/token",service="registry.example.org"|< www-authenticate: Basic realm="Restricted"|Authorization: Bearer
cors Access-Control-Allow-Headers: Authorization, X-Api-Key, X-Csrf-Token|Access-Control-Expose-Headers: x-auth-token
llm-usage Tokens: {n4} in / {n3} out|input_tokens: {n5}, output_tokens: {n3}, cache_read_input_tokens: {n5}|"usage":{{"prompt_tokens":{n4},"completion_tokens":{n3},"total_tokens":{n4}}}|eval time = 12.{d2} ms / {d3} tokens (  0.{d2} ms per token)
llm-config max_tokens: 8192|token_budget=200000|tokenizer: cl100k_base|bos_token: <s>|eos_token_id: 128001|pad_token = "<|endoftext|>"|tokenizer_class: PreTrainedTokenizerFast
lexer Token(type=NAME, value='print', line=1)|<Token.Keyword: 'def'>|token: Identifier "userName" (3:12)|unexpected token: expected ';'|SyntaxError: Unexpected token o in JSON at position 1
parser-errors error: expected expression, found keyword `pub`|  --> src/token.rs:12:5|error[E0433]: failed to resolve: use of undeclared type `SecretKey`|TypeError: password.toLowerCase is not a function
code-py def create_token(user_id: int, secret_key: str = settings.SECRET_KEY) -> str:|    password: str = Field(min_length=8)|    api_key = config.get("api_key", None)|    if not secrets.compare_digest(token, expected_token):|    return jwt.encode(payload, key=private_key, algorithm="RS256")|    credentials = ServiceAccountCredentials.from_json(path)
code-py2     token = generate_token_for_user(user)|    password = base64.b64decode(encoded_password)|    self.api_key = api_key or os.getenv("OPENAI_API_KEY")|    access_key = boto3.Session().get_credentials().access_key|    session_token = request.cookies["session_token"]|    secret = secretsmanager.get_secret_value(SecretId=secret_name)
code-ts const apiKey = import.meta.env.VITE_API_KEY;|interface Credentials {{ username: string; password: string }}|const accessToken: string \\| undefined = session?.accessToken;|  authToken: z.string().min(1),|export type TokenResponse = {{ access_token: string; refresh_token?: string }};|headers: {{ Authorization: `Bearer ${{accessToken}}` }},
code-ts2 const [password, setPassword] = useState("");|<Input type="password" autoComplete="current-password" />|if (token.kind === SyntaxKind.StringLiteral) {{|const key = keyof typeof secretMap;|await page.getByLabel("Password").fill(process.env.E2E_PASSWORD!);|validatePassword: (password: string) => password.length >= 12,
code-go token, err := jwt.Parse(tokenString, keyFunc)|	APIKey string `env:"API_KEY,required"`|	secretKey := []byte(os.Getenv("SECRET_KEY"))|	password := flag.String("password", "", "database password")|	return &Credentials{{AccessKeyID: id, SecretAccessKey: secret}}, nil
code-rust let token: Token = lexer.next_token().unwrap();|pub password: SecretString,|let api_key = std::env::var("API_KEY").expect("API_KEY not set");|    secret_key: SecretKey::random(&mut rng),|Token::Ident(name) if name == "password" => self.parse_password(),
code-java private final String passwordEncoderBeanName = "passwordEncoder";|@Value("${{spring.datasource.password}}")|String token = tokenProvider.createToken(authentication);|public static final String TOKEN_HEADER = "X-Auth-Token";|private static final String PASSWORD_PATTERN = "^[a-zA-Z0-9]{{8,}}$";
code-ruby password = params[:password]|config.secret_key_base = ENV["SECRET_KEY_BASE"]|token = SecureRandom.hex(32)|has_secure_password validations: false|validates :password, length: {{ minimum: 8 }}
code-shell TOKEN=$(cat /run/secrets/token)|PASSWORD="${{PASSWORD:-}}"|export API_KEY="$(op read op://dev/api/key)"|read -rsp "Password: " password|[ -z "$GITHUB_TOKEN" ] && echo "GITHUB_TOKEN is not set"|curl -H "Authorization: Bearer $TOKEN" "$API_URL/me"|--password-stdin < password.txt
code-sql CREATE USER app WITH PASSWORD :'app_password';|SELECT password_hash, token_expires_at FROM users;|ALTER TABLE sessions ADD COLUMN refresh_token text;|GRANT ALL ON SCHEMA secrets TO app;|CREATE INDEX idx_tokens_user_id ON tokens (user_id);
ci-yaml   GITHUB_TOKEN: ${{{{ secrets.GITHUB_TOKEN }}}}|  password: ${{{{ secrets.DOCKERHUB_TOKEN }}}}|    token: ${{ steps.app.outputs.token }}|  NPM_TOKEN: $NPM_TOKEN|  api_key: '%{{api_key}}'|variables: {{ DB_PASSWORD: $CI_DB_PASSWORD }}
terraform   + password               = (sensitive value)|  + secret_string          = (sensitive value)|  + arn                    = (known after apply)|      + access_key = (known after apply)|  ~ token = (sensitive value)|    private_key_pem = tls_private_key.main.private_key_pem|  password = var.db_password
terraform-ids   id            = "sg-{h17}"|  kms_key_id    = "arn:aws:kms:eu-west-1:123456789012:key/{h8}-{h4}-4{h3}-8{h3}-{h12}"|  secret_arn    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-{A6}"
placeholders OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|ANTHROPIC_API_KEY=sk-ant-...|API_KEY=<YOUR_API_KEY>|token: YOUR_TOKEN_HERE|password: changeme|secret: REPLACE_ME|AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE|aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY|GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
placeholders2 client_secret: "<client-secret>"|api_key = "insert-your-key"|DATABASE_URL=postgres://user:password@localhost:5432/mydb|REDIS_URL=redis://:password@localhost:6379|https://<token>@github.com/acme/x.git|https://user:${{PASSWORD}}@host/|Token: gho_************************************|password: ********|api-key: [REDACTED]|secret=(hidden)|"token": "***"|"apiKey": "\u2022\u2022\u2022\u2022\u2022\u2022\u2022\u2022"
nothing-set password: null|token: ""|apiKey: undefined|secret = None|API_KEY=|client_secret: ~|password: false|access_token: nil|"refresh_token": null,|auth_token: N/A|SECRET: (none)
docs Set the API_KEY environment variable before running.|The password must contain at least 12 characters.|Pass --token to authenticate.|Your session has expired, please log in again.|See https://example.org/docs/access-tokens#creating-a-token|Use `gh auth token` to print the token.|Rotate the secret key every 90 days.|Two-factor authentication token required
prompts Password:|[sudo] password for jo:|Enter passphrase for /home/jo/.ssh/id_rsa:|Enter your API key:|Paste your token here:|Username for 'https://github.com':|Password for 'https://jo@github.com':|? What is your password? [input is hidden]
auth-logs Accepted publickey for jo from 10.0.0.5 port 51234 ssh2: ED25519 SHA256:{b43}|Failed password for invalid user admin from 10.0.0.9 port 40022 ssh2|pam_unix(sudo:auth): authentication failure; logname=jo uid=1000|token validation failed: token expired at 2026-01-01T00:00:00Z|password authentication failed for user "app"
http-logs 10.0.0.1 - jo [01/May/2026:10:00:00 +0000] "POST /oauth/token HTTP/1.1" 200 512|GET /api/v1/tokens/{n5} 200 12ms|POST /password/reset 302 -> /login|PUT /users/{h24}/password 204|"path":"/v1/secrets/{n4}/versions/2","status":200
mongo-ids ObjectId("{h24}")|"_id": "{h24}"|user_id={h24} session={n6}|{{"$oid":"{h24}"}}
ulids 01J{U23}|event_01J{U23} processed|id=01H{U23}
cloud-ids i-{h17}|vpc-{h17}|subnet-{h8}|ami-{h17}|projects/my-project/secrets/db/versions/3|arn:aws:iam::123456789012:role/TokenRole|Z{U20}
stripe-ids cus_{A14}|pi_{A24}|evt_{A24}|price_{A24}|prod_{A14}|sub_{A24}|acct_{A16}|pk_test_...
slack-ids C{U10}|U{U10}|T{U8}|ts=1714550400.{d6}|thread_ts: 1714550400.{d6}
youtube https://youtu.be/{u11}|https://www.youtube.com/watch?v={u11}&t=42s|https://docs.google.com/document/d/{u44}/edit|https://drive.google.com/file/d/{u33}/view
urls https://example.org/reset-password?next=%2Flogin|https://example.org/a?utm_source=token&utm_campaign={l8}|http://localhost:3000/#/settings/api-keys|ws://127.0.0.1:8080/socket|https://cdn.example.org/{h16}/app.{h8}.js?v={h8}|git+ssh://git@github.com/acme/x.git#{h40}
emails jo.doe@example.org|security@example.org|<{h32}@mail.example.org>|noreply+{l12}@example.org
versions v1.22.{d1}-rc.{d1}+build.{h7}|python-3.12.{d1}|node v22.{d2}.0|1.0.0-alpha.{n8}.{h7}
paths /home/jo/.config/gcloud/credentials.db|/run/secrets/db_password|~/.aws/credentials|C:\\Users\\jo\\AppData\\Roaming\\token.json|/var/lib/docker/overlay2/{h64}/merged|./secrets/prod.enc.yaml|node_modules/.pnpm/jsonwebtoken@9.0.2/node_modules/jsonwebtoken
ls -rw------- 1 jo jo 2602 May  1 10:00 id_rsa|-rw-r--r-- 1 jo jo  571 May  1 10:00 id_rsa.pub|-rw------- 1 jo jo  116 May  1 10:00 credentials|drwx------ 2 jo jo 4096 May  1 10:00 secrets
env-plain SHELL=/bin/zsh|LANG=en_GB.UTF-8|LS_COLORS=rs=0:di=01;34:ln=01;36|XDG_SESSION_ID=42|SSH_AUTH_SOCK=/tmp/ssh-{A10}/agent.4242|GPG_TTY=/dev/pts/3|TERM_SESSION_ID={h8}-{h4}-4{h3}-8{h3}-{h12}|KEYTIMEOUT=1|PASSWORD_STORE_DIR=/home/jo/.password-store
metrics http_requests_total{{path="/token",code="200"}} {n5}|token_refresh_duration_seconds_bucket{{le="0.1"}} {n4}|go_memstats_alloc_bytes 1.{d6}e+07|secret_rotation_age_seconds {n6}
tests \u2713 should reject an invalid token (12 ms)|\u2713 hashes the password before saving (88 ms)|PASS test/auth/password.test.ts|test_api_key_is_required PASSED [ 42%]|--- FAIL: TestTokenExpiry (0.00s)|  Expected: "password is required"
stack-traces   at verifyToken (/app/src/auth/token.js:{n2}:{n2})|  File "/usr/lib/python3/site-packages/keyring/core.py", line {n2}, in get_password|    at com.example.auth.TokenService.refresh(TokenService.java:{n3})|goroutine {n2} [running]:|0x{h12} in SSL_CTX_use_PrivateKey_file ()
addresses 0x{h12}|0x{h16} <main+{n2}>|2001:db8:{h4}:{h4}::{h4}|{h2}:{h2}:{h2}:{h2}:{h2}:{h2}|bc1q{l38}|0x{h40}
crypto-names AES-256-GCM key wrap|cipher: TLS_AES_256_GCM_SHA384|public_key: ed25519|key_algorithm=RSA_2048|signature_algorithm: ecdsa-with-SHA256|kdf=PBKDF2-HMAC-SHA512 iterations={n6}
keys-of-maps key: value|primary_key: id|foreign_key: user_id|cache-key: node-modules-{h64}|partition_key = "customer_id"|sort-key: created_at|idempotency-key: {h8}-{h4}-4{h3}-8{h3}-{h12}|keyboard: us|"key": "Enter"
i18n login.password.label=Password|auth.token.invalid: "The token is not valid"|error.api_key.missing = API key is missing|  "forgotPassword": "Forgot your password?",|  passwordTooShort: 'Password is too short',
helm NAME: vault|secretName: vault-tls|existingSecret: ""|auth.existingSecretPasswordKey: redis-password|tokenReviewer: true|passwordSecretRef: {{ name: db, key: password }}
kv-secrets ====== Metadata ======|Key              Value|created_time     2026-01-01T00:00:00.{d9}Z|version          3|Success! Data written to: secret/data/app|Key                Value
oidc-config "token_endpoint": "https://auth.example.org/oauth/token",|"token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],|"id_token_signing_alg_values_supported": ["RS256"],|"grant_types_supported": ["password", "refresh_token"]
jwks {{"kty":"RSA","e":"AQAB","use":"sig","kid":"{u27}","alg":"RS256","n":"{u342}"}}
minified !function(e,t){{"use strict";var n=t.token,r=e.password;if(n.key===r.secret)return i(n.apiKey,{d3})}}(window,document);|var a={{key:e,token:t,secret:n}},o=a.key\\|\\|"",s=e.accessToken?e.accessToken:null;
sourcemap //# sourceMappingURL=app.{h8}.js.map|{{"version":3,"mappings":"{A40};{A30},{A20};{A50}","names":["token","password"]}}
tables | id | name | token_count | created |\u2502 secret \u2502 versions \u2502 updated \u2502|| 1 | password-reset | {n4} | 2026-01-01 |
progress \u2588\u2588\u2588\u2588\u2588\u2588\u2591\u2591 62% {n3}/{n4} tokens|Downloading model.safetensors: 42%|\u280b Refreshing access token...|Resolving secrets... done
json-plain {{"level":"info","token_type":"bearer","expires_in":3600,"scope":"read write"}}|{{"password_changed_at":"2026-01-01T00:00:00Z","has_password":true}}|{{"secretVersion":{n2},"keyCount":{n2},"apiKeyId":{n6}}}
yaml-plain authentication: password|token_type: bearer|auth: {{ method: token }}|secrets: inherit|credentialsMode: Mint|passwordPolicy: {{ minLength: 12, requireDigits: true }}|tokenTTL: 24h
hex-colours #{h6} #{h6} #{h6}|background: #{h8};|rgba(12, 34, 56, 0.7)
barcodes ISBN 978-{d1}-{d2}-{d6}-{d1}|SN: {U12}|Part No. {U4}-{d5}-{U2}|IMEI {d15}|order #{d10}
man        --password password|              Use password when connecting.|       --token-file FILE  read the token from FILE|       -p, --password[=name]  Password to use when connecting to server.|       --api-key KEY  the key
"""
_DIGITS = re.compile(r"\{\{|\}\}")


def _text(line: str, r: random.Random) -> str:
    filled = fill(line.replace("{{", "\1").replace("}}", "\2"), r)
    return filled.replace("\1", "{").replace("\2", "}")


def rows(seed: int) -> Iterator[Row]:
    """Every kind in eight ways: its lines in some order, as they arrive, in colour, wrapped at any width."""
    for entry in _KINDS.strip("\n").split("\n"):
        name, _, rest = entry.partition(" ")
        lines = rest.replace("\\|", "\0").split("|")
        for number in range(8):
            r = random.Random(f"{seed} {name} {number}")
            texts = [_text(line, r).replace("\0", "|") for line in r.choices(lines, k=r.randrange(1, 7))]
            if number >= 5:
                width = r.choice((40, 53, 60, 72, 80, 80, 100, 120))
                texts = [text[at : at + width] for text in texts for at in range(0, max(1, len(text)), width)]
            if number % 3 == 2:
                texts = [f"\x1b[3{r.randrange(8)}m{text[:9]}\x1b[0m{text[9:]}" for text in texts]
            if number == 4:
                texts = [f"\u2502 {text[:76].ljust(76)} \u2502" for text in texts]
            row = Row(f"{name}/{number}/{seed}", name, str(number), plain("".join(text + "\r\n" for text in texts)))
            row.chunks = cut(row.data, lambda r=r: r.choice((1, 7, 40, 64, 700, 4096)))
            yield row
