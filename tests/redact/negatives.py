"""What looks like a credential and is none: nothing of it may change. Made from a seed, as the credentials are."""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable

from tests.redact.kinds import ALNUM, B32, B64, HEX, LOWER, URL64, take

_WORDS = [
    "alpha",
    "beta",
    "config",
    "deploy",
    "engine",
    "filter",
    "gateway",
    "handler",
    "index",
    "journal",
    "kernel",
    "ledger",
    "module",
    "network",
    "object",
    "parser",
    "queue",
    "router",
    "session",
    "table",
    "update",
    "vector",
    "worker",
    "result",
    "stream",
    "buffer",
    "client",
    "server",
    "target",
    "build",
    "release",
]


def _word(r: random.Random) -> str:
    return r.choice(_WORDS)


def _lines(r: random.Random, count: int, make: Callable[[], str]) -> str:
    return "".join(make() + "\r\n" for _ in range(count))


def _fixed(*texts: str) -> Callable[[random.Random], str]:
    def make(r: random.Random) -> str:
        return "\r\n".join(r.sample(texts, min(len(texts), r.randrange(1, 4)))) + "\r\n"

    return make


_CODE_PY = _fixed(
    "def login(user: str, password: str) -> bool:",
    "    if password == user.password:",
    "    password = getpass.getpass('Password: ')",
    "    token = request.headers.get('Authorization')",
    "    self.password = password",
    "    api_key = os.environ['API_KEY']",
    "    secret = settings.SECRET_KEY",
    "    hashed_password = hash_password(password, salt)",
    '    raise ValueError("password must not be empty")',
    "    token = tokens[index]",
    "    return check_password(password, self.password_hash)",
    '    parser.add_argument("--password", help="the password of the user")',
    "    password: SecretStr = Field(..., min_length=12)",
    "    access_token = create_access_token(data={'sub': user.username})",
    "    token_type = 'bearer'",
    "    for token in tokenizer.tokenize(text):",
)
_CODE_JS = _fixed(
    "const token = await getToken();",
    "const { password, email } = req.body;",
    "if (!password || password.length < 8) return;",
    "const apiKey = process.env.API_KEY;",
    "  password: { type: String, required: true },",
    "axios.defaults.headers.Authorization = `Bearer ${token}`;",
    "const secret = crypto.randomBytes(32).toString('hex');",
    "export const selectToken = (state) => state.auth.token;",
    "  token: localStorage.getItem('token'),",
    '  <input type="password" name="password" placeholder="Password" />',
    "const passwordRegex = /^(?=.*[a-z])(?=.*[0-9]).{8,}$/;",
    "function setPassword(password) { this.password = password; }",
)
_CODE_GO = _fixed(
    "func (c *Client) SetToken(token string) {",
    '	Password string `json:"password"`',
    '	token := os.Getenv("TOKEN")',
    "	if err := bcrypt.CompareHashAndPassword(hash, []byte(password)); err != nil {",
    '	APIKey   string `yaml:"api_key"`',
    '	req.Header.Set("Authorization", "Bearer "+token)',
    "	secret, err := client.Secrets(ns).Get(ctx, name, opts)",
)
_CODE_RUST_JAVA = _fixed(
    "let token = parser.next_token()?;",
    "pub struct Token { kind: TokenKind, span: Span }",
    "private String password;",
    "public void setPassword(String password) {",
    'String token = request.getHeader("X-Token");',
    '@Value("${app.secret}") private String secret;',
    "self.password = Some(password.to_string());",
    "match token { Token::Ident(name) => name, _ => return None }",
)
_PLACEHOLDERS = _fixed(
    "API_KEY=your-api-key-here",
    "GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "export OPENAI_API_KEY=sk-...",
    "password: <your-password>",
    "DB_PASSWORD=changeme",
    "AWS_ACCESS_KEY_ID=AKIAXXXXXXXXXXXXXXXX",
    "aws_secret_access_key = ****************",
    "token: ${GITHUB_TOKEN}",
    "api_key: {{ .Values.apiKey }}",
    'password: "********"',
    "client_secret=<client-secret>",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "postgres://user:password@localhost:5432/db",
    "postgres://${DB_USER}:${DB_PASS}@${DB_HOST}/app",
    "SLACK_TOKEN=xoxb-your-token-here",
    "secret: [REDACTED]",
    "password=%s",
    "password = None",
    'api_key = "YOUR_API_KEY"',
    "STRIPE_KEY=sk_test_...",
    "token=null",
    "-----BEGIN RSA PRIVATE KEY-----...",
    'if (pem.startsWith("-----BEGIN PRIVATE KEY-----")) {',
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "MY_SECRET=todo",
)
_NUMBERS = _fixed(
    "max_tokens=4096",
    "tokens: 128000",
    "prompt_tokens: 1532, completion_tokens: 211, total_tokens: 1743",
    "password_min_length = 12",
    "token_limit: 200000",
    "passwordMaxAge: 90d",
    "token_expiry=3600",
    '"max_output_tokens": 8192,',
    "secret_version: 14",
    "Tokens used: 12.4k / 200k",
    "key: 42",
)
_NAMES = _fixed(
    "secretName: my-tls-secret",
    "    secretKeyRef:\r\n      name: db-credentials\r\n      key: password",
    "tokenUrl: https://auth.example.net/oauth/token",
    "password_file: /run/secrets/db_password",
    "kubernetes.io/service-account-token",
    "type: kubernetes.io/basic-auth",
    "token_endpoint_auth_method: client_secret_basic",
    "credentials: include",
    "authentication: password",
    "PasswordAuthentication no",
    "IdentityFile ~/.ssh/id_ed25519",
    "credential.helper=osxkeychain",
    "api_key_source: environment",
    "Password:",
    "Enter passphrase for key '/home/svc/.ssh/id_rsa':",
    "[sudo] password for svc:",
    "vault_password_file = ~/.vault_pass",
    "secret/data/production/database",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-a1b2c3",
    "op://vault/item/password",
    "csrf_token: missing",
    "reset your password at https://example.net/reset",
    "error: invalid token at line 14",
    "SyntaxError: Unexpected token '<' at position 0",
    'warning: password authentication failed for user "svc"',
)


def _minified(r: random.Random) -> str:
    parts = []
    for _ in range(40):
        a, b, c = (r.choice(string.ascii_letters) for _ in range(3))
        parts.append(r.choice([
            f"function {a}({b},{c}){{return {b}.{_word(r)}({c}[{r.randrange(9)}])}}", f"var {a}={b}.token,{c}={a}.password;",
            f"{a}.{_word(r)}=!0,{b}={c}?{a}:null;", f"this.key={a},this.secret={b};", f"if({a}&&{b}.apiKey)throw {c};",
        ]))  # fmt: skip
    return "".join(parts) + "\r\n"


def _sourcemap(r: random.Random) -> str:
    text = json.dumps({"version": 3, "sources": [_word(r) for _ in range(40)]})
    return f"//# sourceMappingURL=data:application/json;base64,{base64.b64encode(text.encode()).decode()}\r\n"


def _hexdump(r: random.Random) -> str:
    out = ""
    for i in range(8):
        raw = bytes(r.randrange(256) for _ in range(16))
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in raw)
        out += f"{i * 16:08x}  {raw[:8].hex(' ')}  {raw[8:].hex(' ')}  |{text}|\r\n"
    return out


def _image(r: random.Random) -> str:
    return f'<img src="data:image/png;base64,iVBORw0KGgo{take(r, B64, 900)}=="/>\r\n'


def _public_key(r: random.Random) -> str:
    kind = r.choice(
        [
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + take(r, B64, 43),
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ" + take(r, B64, 480),
        ]
    )
    return f"{kind} svc@build\r\n"


def _pem_public(label: str) -> Callable[[random.Random], str]:
    def make(r: random.Random) -> str:
        body = "\r\n".join(take(r, B64, 64) for _ in range(14))
        return f"-----BEGIN {label}-----\r\n{body}\r\n{take(r, B64, 22)}==\r\n-----END {label}-----\r\n"

    return make


def _lock_npm(r: random.Random) -> str:
    return _lines(r, 4, lambda: f'    "node_modules/{_word(r)}": {{\r\n      "version": "{r.randrange(9)}.{r.randrange(20)}.1",\r\n'
        f'      "resolved": "https://registry.npmjs.org/{_word(r)}/-/{_word(r)}-1.2.3.tgz",\r\n'
        f'      "integrity": "sha512-{take(r, B64, 86)}=="')  # fmt: skip


def _jsonlog(r: random.Random) -> str:
    return _lines(
        r,
        4,
        lambda: (
            f'{{"ts":"2026-03-04T10:11:{r.randrange(10, 60)}Z","level":"info","trace_id":"{take(r, HEX, 32)}","span_id":"{take(r, HEX, 16)}","msg":"{_word(r)} {_word(r)} done","ms":{r.randrange(900)}}}'
        ),
    )


def _gitlog(r: random.Random) -> str:
    return _lines(
        r,
        3,
        lambda: (
            f"\x1b[33mcommit {take(r, HEX, 40)}\x1b[m\r\nAuthor: Svc <svc@example.net>\r\nDate:   Wed Mar 4 10:11:12 2026\r\n\r\n    Rotate the {_word(r)} token and the password of the {_word(r)}\r\n"
        ),
    )


def _ulid(r: random.Random) -> str:
    return "01J" + take(r, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23)


def _tui(r: random.Random) -> str:
    out = "\x1b[H"
    for row in range(12):
        out += f"\x1b[{row + 1};1H\x1b[K\x1b[3{r.randrange(8)}m{row + 1:>3} \x1b[0m{_word(r)}  {take(r, HEX, 12)}  {_word(r)}-{_word(r)}-{take(r, LOWER, 5)}"
    return out + "\r\n"


EVERY: dict[str, Callable[[random.Random], str]] = {
    "sha1": lambda r: _lines(r, 4, lambda: f"{take(r, HEX, 40)}  {_word(r)}.tar.gz"),
    "sha256": lambda r: _lines(r, 4, lambda: f"{take(r, HEX, 64)}  {_word(r)}.tar.gz"),
    "md5": lambda r: _lines(r, 4, lambda: f"MD5 ({_word(r)}.iso) = {take(r, HEX, 32)}"),
    "sha512-sums": lambda r: _lines(r, 2, lambda: f"{take(r, HEX, 128)}  {_word(r)}"),
    "uuid": lambda r: _lines(r, 5, lambda: f"request {uuid.UUID(int=r.getrandbits(128), version=4)} finished"),
    "ulid": lambda r: _lines(r, 5, lambda: f"event {_ulid(r)} stored"),
    "nanoid": lambda r: _lines(r, 5, lambda: f"node id={take(r, URL64, 21)} up"),
    "git-log": _gitlog,
    "git-oneline": lambda r: _lines(r, 6, lambda: f"{take(r, HEX, 9)} fix {_word(r)} in {_word(r)}"),
    "git-diff": lambda r: f"diff --git a/{_word(r)}.py b/{_word(r)}.py\r\nindex {take(r, HEX, 7)}..{take(r, HEX, 7)} 100644\r\n--- a/x\r\n+++ b/x\r\n@@ -1,3 +1,3 @@\r\n-    password = None\r\n+    password = self._ask_password()\r\n",
    "git-push": lambda r: f"To github.com:acme/app.git\r\n   {take(r, HEX, 7)}..{take(r, HEX, 7)}  main -> main\r\nremote: Resolving deltas: 100% (12/12)\r\n",
    "docker-digest": lambda r: _lines(r, 3, lambda: f"{_word(r)}: digest: sha256:{take(r, HEX, 64)} size: 1573"),
    "docker-ps": lambda r: "CONTAINER ID   IMAGE     COMMAND   STATUS\r\n" + _lines(r, 4, lambda: f"{take(r, HEX, 12)}   {_word(r)}:latest   \"/entry.sh\"   Up 3 hours"),
    "docker-pull": lambda r: _lines(r, 5, lambda: f"{take(r, HEX, 12)}: Pull complete"),
    "kubectl-pods": lambda r: _lines(r, 6, lambda: f"{_word(r)}-{take(r, 'bcdfghjklmnpqrstvwxz2456789', 10)}-{take(r, 'bcdfghjklmnpqrstvwxz2456789', 5)}   1/1   Running   0   3d"),
    "kubectl-secrets": lambda r: "NAME   TYPE   DATA   AGE\r\n" + _lines(r, 4, lambda: f"{_word(r)}-token-{take(r, 'bcdfghjklmnpqrstvwxz', 5)}   kubernetes.io/service-account-token   3   12d"),
    "npm-lock": _lock_npm,
    "yarn-lock": lambda r: _lines(r, 4, lambda: f'"{_word(r)}@^1.2.0":\r\n  version "1.2.{r.randrange(9)}"\r\n  resolved "https://registry.yarnpkg.com/{_word(r)}/-/{_word(r)}-1.2.3.tgz#{take(r, HEX, 40)}"\r\n  integrity sha512-{take(r, B64, 86)}=='),
    "pnpm-lock": lambda r: _lines(r, 4, lambda: f"  /{_word(r)}@1.2.3:\r\n    resolution: {{integrity: sha512-{take(r, B64, 86)}==}}"),
    "cargo-lock": lambda r: _lines(r, 4, lambda: f'[[package]]\r\nname = "{_word(r)}"\r\nversion = "0.3.{r.randrange(9)}"\r\nchecksum = "{take(r, HEX, 64)}"'),
    "go-sum": lambda r: _lines(r, 5, lambda: f"github.com/acme/{_word(r)} v1.2.{r.randrange(9)} h1:{take(r, B64, 43)}="),
    "poetry-lock": lambda r: _lines(r, 4, lambda: f'    {{file = "{_word(r)}-1.2.tar.gz", hash = "sha256:{take(r, HEX, 64)}"}},'),
    "pip-hash": lambda r: _lines(r, 4, lambda: f"    --hash=sha256:{take(r, HEX, 64)} \\"),
    "sri": lambda r: f'<script src="/app.js" integrity="sha384-{take(r, B64, 64)}" crossorigin="anonymous"></script>\r\n',
    "base64-image": _image,
    "base64-font": lambda r: f"@font-face{{src:url(data:font/woff2;base64,d09GMgABAAAAA{take(r, B64, 700)})}}\r\n",
    "base64-text": lambda r: "\r\n".join(take(r, B64, 76) for _ in range(10)) + "\r\n",
    "sourcemap": _sourcemap,
    "hexdump": _hexdump,
    "xxd": lambda r: _lines(r, 5, lambda: f"0000{take(r, HEX, 4)}: {' '.join(take(r, HEX, 4) for _ in range(8))}  {take(r, ALNUM + '....', 16)}"),
    "ssh-public": _public_key,
    "ssh-fingerprint": lambda r: f"SHA256:{take(r, B64, 43)} svc@build (ED25519)\r\nThe key's randomart image is:\r\n",
    "known-hosts": lambda r: f"|1|{take(r, B64, 27)}=|{take(r, B64, 27)}= ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI{take(r, B64, 96)}=\r\n",
    "certificate": _pem_public("CERTIFICATE"),
    "public-key": _pem_public("PUBLIC KEY"),
    "csr": _pem_public("CERTIFICATE REQUEST"),
    "pgp-public": _pem_public("PGP PUBLIC KEY BLOCK"),
    "pgp-signature": _pem_public("PGP SIGNATURE"),
    "pgp-fingerprint": lambda r: f"pub   ed25519 2026-01-01 [SC]\r\n      {take(r, HEX, 40).upper()}\r\nuid   Svc <svc@example.net>\r\n",
    "minified-js": _minified,
    "code-python": _CODE_PY,
    "code-js": _CODE_JS,
    "code-go": _CODE_GO,
    "code-rust-java": _CODE_RUST_JAVA,
    "placeholders": _PLACEHOLDERS,
    "numbers": _NUMBERS,
    "names": _NAMES,
    "json-log": _jsonlog,
    "nginx-log": lambda r: _lines(r, 4, lambda: f'10.0.0.{r.randrange(255)} - - [04/Mar/2026:10:11:12 +0000] "GET /{_word(r)}/{r.randrange(9999)}?page=2&sort=name HTTP/1.1" 200 {r.randrange(9999)} "-" "Mozilla/5.0"'),
    "stack-trace": lambda r: _lines(r, 5, lambda: f'  File "/srv/app/{_word(r)}/{_word(r)}.py", line {r.randrange(900)}, in {_word(r)}_{_word(r)}'),
    "pytest": lambda r: _lines(r, 5, lambda: f"tests/test_{_word(r)}.py::test_{_word(r)}_token_is_refreshed \x1b[32mPASSED\x1b[0m [ {r.randrange(99)}%]"),
    "ls": lambda r: _lines(r, 6, lambda: f"-rw-r--r-- 1 svc svc {r.randrange(99999):>6} Mar  4 10:11 {_word(r)}-{take(r, HEX, 8)}.js"),
    "webpack": lambda r: _lines(r, 4, lambda: f"asset {_word(r)}.{take(r, HEX, 20)}.js {r.randrange(999)} KiB [emitted] [immutable] [minimized]"),
    "s3-url": lambda r: f"https://acme-builds.s3.eu-west-1.amazonaws.com/{_word(r)}/{take(r, HEX, 40)}/{_word(r)}-1.2.3.tar.gz\r\n",
    "urls": lambda r: _lines(r, 3, lambda: f"https://{_word(r)}.example.net:8443/{_word(r)}/{take(r, ALNUM, 16)}?ref={_word(r)}#L{r.randrange(99)}"),
    "youtube-ids": lambda r: _lines(r, 3, lambda: f"https://www.youtube.com/watch?v={take(r, URL64, 11)}"),
    "emails": lambda r: _lines(r, 3, lambda: f"{_word(r)}.{_word(r)}@example.net, git@github.com:acme/{_word(r)}.git"),
    "etag": lambda r: f'< etag: W/"{take(r, HEX, 32)}"\r\n< x-request-id: {take(r, HEX, 32)}\r\n< cf-ray: {take(r, HEX, 16)}-FRA\r\n',
    "terraform-ids": lambda r: f'id = "vpc-{take(r, HEX, 17)}"\r\nsubnet_id = "subnet-{take(r, HEX, 17)}"\r\nami = "ami-{take(r, HEX, 17)}"\r\nzone_id = "Z{take(r, B32, 20)}"\r\n',
    "aws-arn": lambda r: f"arn:aws:iam::{take(r, string.digits, 12)}:role/{_word(r)}-{_word(r)}\r\nAIDA{take(r, B32, 16)}\r\n",
    "ethereum-address": lambda r: f"0x{take(r, HEX, 40)} sent 0.5 ETH, tx 0x{take(r, HEX, 64)}\r\n",
    "bitcoin-address": lambda r: f"bc1q{take(r, '023456789acdefghjklmnpqrstuvwxyz', 38)}\r\n",
    "ipv6": lambda r: _lines(r, 3, lambda: ":".join(take(r, HEX, 4) for _ in range(8))),
    "mac": lambda r: _lines(r, 3, lambda: "link/ether " + ":".join(take(r, HEX, 2) for _ in range(6))),
    "timestamps": lambda r: _lines(r, 4, lambda: f"2026-03-04T10:11:{r.randrange(10, 60)}.{r.randrange(999999):06d}+00:00 {_word(r)}"),
    "long-paths": lambda r: _lines(r, 3, lambda: "/nix/store/" + take(r, "0123456789abcdfghijklmnpqrsvwxyz", 32) + f"-{_word(r)}-1.2.3/bin/{_word(r)}"),
    "identifiers": lambda r: _lines(r, 3, lambda: "".join(_word(r).title() for _ in range(5)) + "Factory." + "_".join(_word(r) for _ in range(4))),
    "kebab": lambda r: _lines(r, 3, lambda: "sk-" + "-".join(_word(r) for _ in range(4)) + " key-" + "-".join(_word(r) for _ in range(3))),
    "css": lambda r: _lines(r, 3, lambda: f".{_word(r)}__{_word(r)}--{take(r, LOWER, 6)}{{color:#{take(r, HEX, 6)};--token-color:#{take(r, HEX, 8)}}}"),
    "progress": lambda r: "".join(f"\rDownloading {_word(r)} [{'#' * i}{'.' * (20 - i)}] {i * 5}%" for i in range(0, 20, 3)) + "\r\n",
    "tui": _tui,
    "table": lambda r: "+------------+------------------+\r\n" + _lines(r, 4, lambda: f"| {_word(r):<10} | {take(r, HEX, 16)} |") + "+------------+------------------+\r\n",
    "prose": _fixed(
        "The token is refreshed when the password changes, and the secret is rotated every ninety days.",
        "Set the API key in the environment before you start the server; see the section about credentials.",
        "I will update the password handling in auth.py so that tokens are compared in constant time.",
        "Note: access tokens expire after one hour. Refresh tokens expire after 30 days.",
        "password reset e-mails are sent by the notification worker (see docs/auth.md)",
        "● Update(src/auth/token.ts) Updated src/auth/token.ts with 3 additions and 1 removal",
    ),
    "model-usage": _fixed("usage: input_tokens=1832 output_tokens=411 cache_read_input_tokens=15200", '"usage":{"prompt_tokens":12,"completion_tokens":48,"total_tokens":60}', "Total cost: $0.42 (tokens: 18.2k in, 3.1k out)"),
    "env-harmless": _fixed("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "SSH_AUTH_SOCK=/tmp/ssh-abc123XYZ/agent.4242", "XDG_SESSION_ID=c2", "LS_COLORS=rs=0:di=01;34:ln=01;36:mh=00:pi=40;33", "GPG_TTY=/dev/pts/3", "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus"),
    "yaml-ci": _fixed("      token: ${{ secrets.GITHUB_TOKEN }}", "    password: ${{ secrets.DOCKERHUB_TOKEN }}", "  - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683", "    key: ${{ runner.os }}-node-${{ hashFiles('**/package-lock.json') }}", "  api_key: !vault |", "  password: !Ref DbPassword"),
    "html-form": _fixed('<input type="hidden" name="token" value="">', '<label for="password">Password</label>', '<input id="password" type="password" autocomplete="current-password">'),
    "sql": _fixed("SELECT id, password_hash FROM users WHERE token = $1;", "ALTER TABLE users ADD COLUMN api_key TEXT NOT NULL;", "CREATE INDEX idx_sessions_token ON sessions (token);", "INSERT INTO roles (name, secret) VALUES (?, ?);"),
    "help-text": _fixed("  --token <TOKEN>        The API token [env: API_TOKEN=]", "  -p, --password string  Password for the registry", "  --api-key KEY          Key for the API (default: from the environment)", "Usage: login [--username USER] [--password-stdin]"),
    "public-ids": lambda r: f"client_id: {take(r, string.digits, 12)}-{take(r, LOWER, 32)}.apps.googleusercontent.com\r\nproject_id = acme-{_word(r)}-{take(r, string.digits, 6)}\r\ntenant_id: {uuid.UUID(int=r.getrandbits(128), version=4)}\r\n",
    "compiler": lambda r: _lines(r, 3, lambda: f"src/{_word(r)}.rs:{r.randrange(99)}:{r.randrange(80)}: error[E0425]: cannot find value `{_word(r)}_token` in this scope"),
    "mangled": lambda r: _lines(r, 3, lambda: f"_ZN4core3fmt9Formatter{r.randrange(9)}{_word(r)}17h{take(r, HEX, 16)}E"),
}  # fmt: skip
