"""Kinds of credentials, as people meet them: how each is made and on what lines of a terminal it turns up.

Every value is made when the corpus is, from a seed; none is real and none is kept. `{s}` in a line is the secret.
The kinds were written from what the vendors say about their formats, without looking at the rules.
"""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass

ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
B64 = ALNUM + "+/"
URL64 = ALNUM + "-_"
B32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
SYMBOLS = ALNUM + "!@#%^*-_=+?"


@dataclass(frozen=True)
class Kind:
    """`make` gives (what is public of it, what is secret)."""

    name: str
    make: Callable[[random.Random], tuple[str, str]]
    lines: tuple[str, ...]


def take(r: random.Random, alphabet: str, size: int) -> str:
    return "".join(r.choice(alphabet) for _ in range(size))


# Lines on which anything may stand, with the name of a variable.
def _anywhere(name: str, flag: str = "token") -> tuple[str, ...]:
    low = name.lower()
    return (
        f"export {name}={{s}}",
        f"{name}={{s}}",
        f'{name}="{{s}}"',
        f'  "{low}": "{{s}}",',
        f"{low}: {{s}}",
        f"$ mytool login --{flag} {{s}}",
        f"      {name}: {{s}}",
        f"+ {low} = '{{s}}'",
    )


_BARE = (
    "remote: authenticated with {s}",
    "Using credential {s} from the keychain",
    "created: {s}",
    "  -> {s}",
    "curl -sS -H 'Authorization: Bearer {s}' https://api.example.net/v1/me",
    "{s}",
    "2026-03-04T10:12:07Z DEBUG client config loaded value={s} region=eu",
    '{{"level":"debug","msg":"using {s}"}}',
)


def _prefixed(name: str, prefix: str, alphabet: str, size: int, variable: str = "", tail: str = "") -> Kind:
    def make(r: random.Random) -> tuple[str, str]:
        return prefix, take(r, alphabet, size) + tail

    lines = (_anywhere(variable) if variable else ()) + _BARE
    return Kind(name, make, lines)


def _named(name: str, alphabet: str, size: int, *lines: str, variable: str = "") -> Kind:
    def make(r: random.Random) -> tuple[str, str]:
        while True:
            value = take(r, alphabet, size)
            if any(c.isdigit() for c in value) or not set(alphabet) & set(string.digits):
                return "", value

    return Kind(name, make, (_anywhere(variable) if variable else ()) + lines)


def _of(name: str, make: Callable[[random.Random], tuple[str, str]], *lines: str) -> Kind:
    return Kind(name, make, lines)


def _jwt(r: random.Random) -> tuple[str, str]:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()

    head = part({"alg": r.choice(["HS256", "RS256"]), "typ": "JWT"})
    body = part({"sub": take(r, LOWER, 12), "iat": r.randrange(1 << 30, 1 << 31), "role": "admin"})
    return "eyJ", (head + "." + body + "." + take(r, URL64, 43))[3:]


def _uuid(r: random.Random) -> tuple[str, str]:
    return "", str(uuid.UUID(int=r.getrandbits(128), version=4))


def _pem(label: str, lines: int, header: str = "") -> Callable[[random.Random], tuple[str, str]]:
    def make(r: random.Random) -> tuple[str, str]:
        body = "\n".join(take(r, B64, 64) for _ in range(lines)) + "\n" + take(r, B64, 30) + "=="
        return f"-----BEGIN {label}-----\n{header}", body + f"\n-----END {label}-----"

    return make


def _pem_json(r: random.Random) -> tuple[str, str]:
    body = "\\n".join(take(r, B64, 64) for _ in range(12)) + "\\n" + take(r, B64, 30) + "=="
    return "-----BEGIN PRIVATE KEY-----\\n", body + "\\n-----END PRIVATE KEY-----\\n"


def _password(r: random.Random) -> tuple[str, str]:
    while True:
        value = take(r, SYMBOLS, r.randrange(12, 24))
        if (
            any(c.isdigit() for c in value)
            and any(c.isalpha() for c in value)
            and value[0].isalnum()
            and value[-1].isalnum()
        ):
            return "", value


def _url_password(r: random.Random) -> tuple[str, str]:
    return "", take(r, ALNUM + "-_.~!", r.randrange(10, 28)).strip("!.") + "q7"


def _basic(r: random.Random) -> tuple[str, str]:
    text = take(r, string.ascii_lowercase, 6) + ":" + take(r, SYMBOLS, 16)
    return "", base64.b64encode(text.encode()).decode()


def _pair(first: Callable[[random.Random], str], between: str, second: Callable[[random.Random], str]):
    def make(r: random.Random) -> tuple[str, str]:
        return first(r) + between, second(r)

    return make


_PEM_LINES = ("$ cat id_rsa\n{s}\n$ ", "{s}", "key: |\n  {s}", "Wrote private key:\n\n{s}\n")
_PASSWORD_LINES = {
    "password-env": ("DB_PASSWORD={s}", "export PGPASSWORD={s}", "POSTGRES_PASSWORD={s}", "MYSQL_ROOT_PASSWORD='{s}'", "SMTP_PASS={s}"),
    "password-yaml": ("    password: {s}", "  password: \"{s}\"", "  db_password: '{s}'", "  adminPassword: {s}"),
    "password-json": ('  "password": "{s}",', '{{"user":"svc","password":"{s}"}}', '"adminPassword" : "{s}"'),
    "password-ini": ("password = {s}", "passwd={s}", "spring.datasource.password={s}", "db.pwd = {s}"),
    "password-python": ('PASSWORD = "{s}"', "conn = connect(user='svc', password='{s}')", "{{'password': '{s}', 'port': 5432}}"),
    "password-js": ('const password = "{s}";', "  password: '{s}',", 'let dbPassword: string = "{s}";'),
    "password-go": ('password := "{s}"', 'Password: "{s}",', 'var dbPassword = "{s}"'),
    "password-flag": ("mytool --password {s} --host db", "psql-wrap --password={s}", "create-user --admin-password '{s}'"),
    "password-xml": ("<password>{s}</password>", '<add key="DbPassword" value="{s}"/>'),
    "password-prose": ("Your temporary password is: {s}", "Password: {s}", "Generated admin password: {s}", "the initial password is {s}"),
    "password-table": ("| DB_PASSWORD   | {s} |", "DB_PASSWORD    {s}", "password  |  {s}"),
    "password-netrc": ("machine api.example.net login svc password {s}", "  password {s}"),
    "password-docker": ("ENV DB_PASSWORD {s}", "docker run -e DB_PASSWORD={s} img", "ARG NPM_PASS={s}"),
    "password-k8s-env": ("- name: DB_PASSWORD\n  value: {s}", '{{"name": "DB_PASSWORD", "value": "{s}"}}'),
    "password-powershell": ('$env:DB_PASSWORD = "{s}"', 'setx DB_PASSWORD "{s}"', 'set DB_PASSWORD={s}'),
    "password-toml": ('password = "{s}"', 'db_password = "{s}"'),
    "password-rust-java": ('let password = "{s}";', 'String password = "{s}";', 'private static final String DB_PASSWORD = "{s}";'),
    "password-url-query": ("GET /login?user=svc&password={s}&next=/ HTTP/1.1",),
    "password-terraform": ('db_password = "{s}"', '  + password = "{s}"', 'password             = "{s}"'),
}  # fmt: skip
_SECRET_LINES = {
    "secret-env": ("CLIENT_SECRET={s}", "export APP_SECRET={s}", "SECRET_KEY_BASE={s}", "JWT_SECRET={s}", "SESSION_SECRET='{s}'"),
    "secret-json": ('"client_secret": "{s}"', '"secret": "{s}",', '"secretKey":"{s}"', '"webhookSecret": "{s}"'),
    "secret-yaml": ("clientSecret: {s}", "  secret_key: '{s}'", "webhook_secret: {s}"),
    "api-key-code": ('api_key = "{s}"', "apiKey: '{s}',", 'API_KEY = "{s}"', 'client = Client(api_key="{s}")'),
    "api-key-header": ("> X-Api-Key: {s}", "-H 'x-api-key: {s}'", "X-Auth-Token: {s}", "> PRIVATE-TOKEN: {s}", "apikey: {s}"),
    "api-key-query": ("GET https://api.example.net/v2/items?api_key={s}&page=2", "wget 'https://maps.example.net/?apikey={s}'", "https://x.example.net/cb?access_token={s}"),
    "token-env": ("AUTH_TOKEN={s}", "export ACCESS_TOKEN={s}", "REFRESH_TOKEN={s}", "BOT_TOKEN={s}"),
    "token-json": ('"access_token": "{s}",', '{{"token":"{s}","expires_in":3600}}', '"refresh_token":"{s}"', '"authToken": "{s}"'),
    "token-prose": ("Your token is {s}", "token: {s}", "Token: {s}", "API token: {s}"),
    "encryption-key": ("ENCRYPTION_KEY={s}", '"encryptionKey": "{s}"', "signing_key: {s}", "MASTER_KEY={s}"),
    "bearer": ("Authorization: Bearer {s}", "> authorization: Bearer {s}", "-H \"Authorization: Bearer {s}\"", "'Authorization': 'Bearer {s}'", "Authorization: token {s}"),
    "cookie": ("Cookie: session={s}; theme=dark", "Set-Cookie: sessionid={s}; Path=/; HttpOnly", "< set-cookie: auth_token={s}; Secure"),
    "escaped-json": ('"{{\\"token\\":\\"{s}\\"}}"', 'body="{{\\"api_key\\": \\"{s}\\"}}"'),
    "ruby-hash": (":api_key => '{s}',", "api_key: '{s}'", "config.api_key = '{s}'"),
    "set-command": ("git config --global github.token {s}", "vault kv put secret/app api_key={s}", "kubectl create secret generic app --from-literal=token={s}", "gh secret set API_TOKEN --body {s}"),
}  # fmt: skip


def _generic() -> list[Kind]:
    found = [Kind(name, _password, lines) for name, lines in _PASSWORD_LINES.items()]
    shapes = [(ALNUM, 32), (HEX, 40), (URL64, 43), (LOWER, 24), (HEX, 64), (ALNUM, 20)]

    def make(r: random.Random) -> tuple[str, str]:
        return "", take(r, *r.choice(shapes)).strip("-_") + r.choice("0123456789")

    return found + [Kind(name, make, lines) for name, lines in _SECRET_LINES.items()]


def every() -> list[Kind]:
    """All kinds."""
    dsn = (
        "DATABASE_URL={}://svc:{{s}}@db.internal:5432/app",
        "connecting to {}://svc:{{s}}@10.0.0.4/app",
        '  "url": "{}://app_user:{{s}}@db.example.net/main"',
    )

    def urls(scheme: str) -> tuple[str, ...]:
        return tuple(line.format(scheme) for line in dsn)

    return [
        _prefixed("aws-access-key", "AKIA", B32, 16, "AWS_ACCESS_KEY_ID"),
        _prefixed("aws-temporary-key", "ASIA", B32, 16, "AWS_ACCESS_KEY_ID"),
        _named("aws-secret-key", B64, 40, "aws_secret_access_key = {s}", '    "SecretAccessKey": "{s}",', "AWS Secret Access Key [None]: {s}", variable="AWS_SECRET_ACCESS_KEY"),
        _named("aws-session-token", B64, 320, 'aws_session_token = {s}', '    "SessionToken": "{s}",', "AWS_SESSION_TOKEN={s}"),
        _prefixed("gcp-api-key", "AIza", URL64, 35, "GOOGLE_API_KEY"),
        _prefixed("gcp-oauth-secret", "GOCSPX-", URL64, 28, "GOOGLE_CLIENT_SECRET"),
        _prefixed("gcp-access-token", "ya29.a0", URL64, 140),
        _prefixed("gcp-refresh-token", "1//0", URL64, 60),
        _of("gcp-service-account", _pem_json, '  "private_key": "{s}",', '{{"type":"service_account","private_key":"{s}","client_email":"a@b.iam"}}'),
        _of("azure-client-secret", lambda r: (take(r, ALNUM, 3) + "8Q~", take(r, ALNUM + "_-", 34)), *_anywhere("AZURE_CLIENT_SECRET"), *_BARE),
        _of("azure-storage", lambda r: ("DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=", take(r, B64, 86) + "=="), "{s}", 'AZURE_STORAGE_CONNECTION_STRING="{s};EndpointSuffix=core.windows.net"', '"connectionString": "{s};EndpointSuffix=core.windows.net"'),
        _of("azure-sas", lambda r: ("sv=2024-11-04&ss=b&srt=co&sp=rl&se=2026-09-01T00:00:00Z&sig=", take(r, ALNUM, 42) + "%3D"), "https://acme.blob.core.windows.net/data?{s}", "AZURE_SAS='?{s}'"),
        _of("azure-service-bus", lambda r: ("Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=", take(r, B64, 43) + "="), "{s}", 'SB="{s}"'),
        _prefixed("digitalocean", "dop_v1_", HEX, 64, "DIGITALOCEAN_TOKEN"),
        _of("heroku-uuid", _uuid, "HEROKU_API_KEY={s}", "heroku_api_key: {s}", 'export HEROKU_API_KEY="{s}"'),
        _prefixed("heroku-new", "HRKU-AA", URL64, 58, "HEROKU_API_KEY"),
        _named("cloudflare-token", URL64, 40, "CLOUDFLARE_API_TOKEN={s}", "  api_token = \"{s}\"", "CF_API_TOKEN: {s}", variable="CLOUDFLARE_API_TOKEN"),
        _named("cloudflare-global-key", HEX, 37, "X-Auth-Key: {s}", "CLOUDFLARE_API_KEY={s}", variable="CLOUDFLARE_API_KEY"),
        _prefixed("cloudflare-origin-ca", "v1.0-", HEX, 24, tail="-" + "a1b2c3d4e5f60718293a" * 7 + "b3c4d5"),
        _named("fastly", URL64, 32, "Fastly-Key: {s}", variable="FASTLY_API_TOKEN"),
        _prefixed("fly", "fo1_", URL64, 43, "FLY_API_TOKEN"),
        _prefixed("fly-macaroon", "FlyV1 fm2_", B64, 180),
        _prefixed("render", "rnd_", ALNUM, 32, "RENDER_API_KEY"),
        _prefixed("netlify", "nfp_", ALNUM, 36, "NETLIFY_AUTH_TOKEN"),
        _named("vercel", ALNUM, 24, variable="VERCEL_TOKEN"),
        _prefixed("supabase-personal", "sbp_", HEX, 40, "SUPABASE_ACCESS_TOKEN"),
        _prefixed("supabase-secret", "sb_secret_", URL64, 31, "SUPABASE_SECRET_KEY"),
        _prefixed("planetscale", "pscale_tkn_", URL64, 43, "PLANETSCALE_TOKEN"),
        _prefixed("databricks", "dapi", HEX, 32, "DATABRICKS_TOKEN"),
        _of("dynatrace", lambda r: ("dt0c01.", take(r, B32, 24) + "." + take(r, B32, 64)), *_BARE),
        _prefixed("pulumi", "pul-", HEX, 40, "PULUMI_ACCESS_TOKEN"),
        _of("terraform-cloud", lambda r: (take(r, ALNUM, 14) + ".atlasv1.", take(r, ALNUM, 67)), *_anywhere("TF_TOKEN_app_terraform_io"), *_BARE),
        _prefixed("vault-service", "hvs.", URL64, 95, "VAULT_TOKEN"),
        _prefixed("vault-batch", "hvb.", URL64, 140, "VAULT_TOKEN"),
        _prefixed("vault-legacy", "s.", ALNUM, 23, "VAULT_TOKEN", tail="7"),
        _prefixed("doppler", "dp.pt.", ALNUM, 43, "DOPPLER_TOKEN"),
        _prefixed("doppler-service", "dp.st.dev.", ALNUM, 40, "DOPPLER_TOKEN"),
        _prefixed("1password-service", "ops_eyJ", ALNUM, 260, "OP_SERVICE_ACCOUNT_TOKEN"),
        _of("1password-secret-key", lambda r: ("A3-", "-".join([take(r, UPPER, 6), take(r, UPPER, 6)] + [take(r, UPPER, 5) for _ in range(4)])), "Secret Key: {s}", "{s}"),
        _prefixed("tailscale", "tskey-auth-", ALNUM, 16, "TS_AUTHKEY", tail="-Zk4hQ9vT2mB7xW3nR8cJ5pL1sD6fG0yA"),
        _named("kubeconfig-token", URL64, 64, "    token: {s}", "users:\n- name: admin\n  user:\n    token: {s}"),
        _of("kubeconfig-client-key", lambda r: ("LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ", take(r, B64, 600)), "    client-key-data: {s}"),
        _of("k8s-secret-data", lambda r: ("", base64.b64encode(take(r, SYMBOLS, 21).encode()).decode()), "data:\n  password: {s}", "  db-password: {s}", "  api-token: {s}"),
        _prefixed("openshift", "sha256~", URL64, 43, "OC_TOKEN"),
        _prefixed("github-classic", "ghp_", ALNUM, 36, "GITHUB_TOKEN"),
        _prefixed("github-oauth", "gho_", ALNUM, 36, "GH_TOKEN"),
        _prefixed("github-user", "ghu_", ALNUM, 36),
        _prefixed("github-server", "ghs_", ALNUM, 36, "GITHUB_TOKEN"),
        _prefixed("github-refresh", "ghr_", ALNUM, 36),
        _of("github-fine-grained", lambda r: ("github_pat_", take(r, ALNUM, 22) + "_" + take(r, ALNUM, 59)), *_anywhere("GITHUB_TOKEN"), *_BARE),
        _of("github-url", lambda r: ("", "ghp_" + take(r, ALNUM, 36)), "origin  https://x-access-token:{s}@github.com/acme/app.git (fetch)", "git clone https://{s}@github.com/acme/app.git"),
        _prefixed("gitlab-personal", "glpat-", URL64, 20, "GITLAB_TOKEN"),
        _of("gitlab-routable", lambda r: ("glpat-", take(r, URL64, 27) + ".01." + take(r, LOWER, 9)), *_anywhere("GITLAB_TOKEN"), *_BARE),
        _prefixed("gitlab-deploy", "gldt-", URL64, 20),
        _prefixed("gitlab-runner", "glrt-", URL64, 20, "RUNNER_TOKEN"),
        _prefixed("gitlab-trigger", "glptt-", HEX, 40),
        _prefixed("gitlab-ci-job", "glcbt-", URL64, 24),
        _prefixed("bitbucket-app", "ATBB", ALNUM, 32, "BITBUCKET_APP_PASSWORD"),
        _prefixed("atlassian", "ATATT3xFfGF0", URL64, 172, "JIRA_API_TOKEN", tail="=A1B2C3D4"),
        _prefixed("npm", "npm_", ALNUM, 36, "NPM_TOKEN"),
        _of("npmrc", lambda r: ("", "npm_" + take(r, ALNUM, 36)), "//registry.npmjs.org/:_authToken={s}", "npm config set //registry.npmjs.org/:_authToken {s}"),
        _of("npmrc-legacy", _uuid, "//registry.npmjs.org/:_authToken={s}"),
        _prefixed("pypi", "pypi-AgEIcHlwaS5vcmc", URL64, 150, "TWINE_PASSWORD"),
        _prefixed("rubygems", "rubygems_", HEX, 48, "GEM_HOST_API_KEY"),
        _prefixed("nuget", "oy2", LOWER, 43, "NUGET_API_KEY"),
        _prefixed("crates", "cio", ALNUM, 31, "CARGO_REGISTRY_TOKEN", tail="4"),
        _prefixed("docker-hub", "dckr_pat_", URL64, 27, "DOCKER_TOKEN"),
        _of("docker-config", _basic, '      "auth": "{s}"', '"auths":{{"ghcr.io":{{"auth":"{s}"}}}}'),
        _prefixed("jfrog", "AKCp", ALNUM, 69, "JFROG_API_KEY"),
        _named("circleci", HEX, 40, "Circle-Token: {s}", variable="CIRCLECI_TOKEN"),
        _prefixed("buildkite", "bkua_", HEX, 40, "BUILDKITE_API_TOKEN"),
        _prefixed("sonarqube", "squ_", HEX, 40, "SONAR_TOKEN"),
        _of("snyk", _uuid, "SNYK_TOKEN={s}", 'export SNYK_TOKEN="{s}"'),
        _of("postman", lambda r: ("PMAK-", take(r, HEX, 24) + "-" + take(r, HEX, 34)), *_anywhere("POSTMAN_API_KEY"), *_BARE),
        _prefixed("anthropic", "sk-ant-api03-", URL64, 93, "ANTHROPIC_API_KEY", tail="AA"),
        _prefixed("anthropic-oauth", "sk-ant-oat01-", URL64, 90, "CLAUDE_CODE_OAUTH_TOKEN"),
        _of("openai-classic", lambda r: ("sk-", take(r, ALNUM, 20) + "T3BlbkFJ" + take(r, ALNUM, 20)), *_anywhere("OPENAI_API_KEY"), *_BARE),
        _of("openai-project", lambda r: ("sk-proj-", take(r, URL64, 74) + "T3BlbkFJ" + take(r, URL64, 74)), *_anywhere("OPENAI_API_KEY"), *_BARE),
        _prefixed("openai-service", "sk-svcacct-", URL64, 120, "OPENAI_API_KEY"),
        _prefixed("deepseek", "sk-", HEX, 32, "DEEPSEEK_API_KEY"),
        _prefixed("openrouter", "sk-or-v1-", HEX, 64, "OPENROUTER_API_KEY"),
        _prefixed("groq", "gsk_", ALNUM, 52, "GROQ_API_KEY"),
        _prefixed("xai", "xai-", ALNUM, 80, "XAI_API_KEY"),
        _prefixed("perplexity", "pplx-", ALNUM, 48, "PPLX_API_KEY"),
        _prefixed("replicate", "r8_", ALNUM, 37, "REPLICATE_API_TOKEN"),
        _prefixed("huggingface", "hf_", string.ascii_letters, 34, "HF_TOKEN"),
        _named("mistral", ALNUM, 32, variable="MISTRAL_API_KEY"),
        _named("cohere", ALNUM, 40, variable="COHERE_API_KEY"),
        _prefixed("langsmith", "lsv2_pt_", HEX, 32, "LANGSMITH_API_KEY", tail="_0a1b2c3d4e"),
        _prefixed("tavily", "tvly-dev-", ALNUM, 32, "TAVILY_API_KEY"),
        _prefixed("nvidia", "nvapi-", URL64, 64, "NVIDIA_API_KEY"),
        _named("wandb", HEX, 40, variable="WANDB_API_KEY"),
        _of("slack-bot", lambda r: ("xoxb-", take(r, string.digits, 12) + "-" + take(r, string.digits, 13) + "-" + take(r, ALNUM, 24)), *_anywhere("SLACK_BOT_TOKEN"), *_BARE),
        _of("slack-user", lambda r: ("xoxp-", "-".join(take(r, string.digits, 12) for _ in range(3)) + "-" + take(r, HEX, 32)), *_anywhere("SLACK_TOKEN"), *_BARE),
        _of("slack-app", lambda r: ("xapp-", "1-A" + take(r, UPPER, 10) + "-" + take(r, string.digits, 13) + "-" + take(r, HEX, 64)), *_anywhere("SLACK_APP_TOKEN"), *_BARE),
        _of("slack-webhook", lambda r: ("https://hooks.slack.com/services/", "T" + take(r, UPPER, 8) + "/B" + take(r, UPPER, 10) + "/" + take(r, ALNUM, 24)), "SLACK_WEBHOOK={s}", "posting to {s}", "curl -X POST -d @m.json {s}"),
        _of("discord-bot", lambda r: (base64.b64encode(take(r, "123456789", 18).encode()).decode() + ".", take(r, URL64, 6) + "." + take(r, URL64, 38)), *_anywhere("DISCORD_TOKEN"), *_BARE),
        _of("discord-webhook", lambda r: ("https://discord.com/api/webhooks/" + take(r, "123456789", 18) + "/", take(r, URL64, 68)), "{s}", "WEBHOOK={s}", "POST {s} 204"),
        _of("telegram", lambda r: (take(r, "123456789", 10) + ":AA", take(r, URL64, 33)), *_anywhere("TELEGRAM_BOT_TOKEN"), "https://api.telegram.org/bot{s}/getMe", *_BARE),
        _named("twilio-auth-token", HEX, 32, variable="TWILIO_AUTH_TOKEN"),
        _prefixed("twilio-api-key", "SK", HEX, 32, "TWILIO_API_KEY"),
        _of("sendgrid", lambda r: ("SG.", take(r, URL64, 22) + "." + take(r, URL64, 43)), *_anywhere("SENDGRID_API_KEY"), *_BARE),
        _prefixed("mailgun", "key-", HEX, 32, "MAILGUN_API_KEY"),
        _of("mailchimp", lambda r: ("", take(r, HEX, 32) + "-us14"), *_anywhere("MAILCHIMP_API_KEY")),
        _prefixed("brevo", "xkeysib-", HEX, 64, "BREVO_API_KEY", tail="-a1B2c3D4e5F6g7H8"),
        _of("resend", lambda r: ("re_" + take(r, ALNUM, 8) + "_", take(r, ALNUM, 24)), *_anywhere("RESEND_API_KEY"), *_BARE),
        _of("postmark", _uuid, "POSTMARK_SERVER_TOKEN={s}", "X-Postmark-Server-Token: {s}"),
        _prefixed("stripe-live", "sk_live_", ALNUM, 24, "STRIPE_SECRET_KEY"),
        _prefixed("stripe-long", "sk_live_51", ALNUM, 97, "STRIPE_SECRET_KEY"),
        _prefixed("stripe-test", "sk_test_", ALNUM, 24, "STRIPE_KEY"),
        _prefixed("stripe-restricted", "rk_live_", ALNUM, 24),
        _prefixed("stripe-webhook", "whsec_", ALNUM, 32, "STRIPE_WEBHOOK_SECRET"),
        _prefixed("square", "sq0atp-", URL64, 22, "SQUARE_ACCESS_TOKEN"),
        _prefixed("square-oauth", "sq0csp-", URL64, 43),
        _of("braintree", lambda r: ("access_token$production$", take(r, LOWER, 16) + "$" + take(r, HEX, 32)), *_BARE),
        _named("paypal", URL64, 80, variable="PAYPAL_CLIENT_SECRET"),
        _prefixed("shopify", "shpat_", HEX, 32, "SHOPIFY_ACCESS_TOKEN"),
        _prefixed("shopify-shared", "shpss_", HEX, 32),
        _of("plaid", lambda r: ("access-sandbox-", _uuid(r)[1]), *_anywhere("PLAID_TOKEN"), *_BARE),
        _named("datadog-api", HEX, 32, "DD-API-KEY: {s}", "dd_api_key: {s}", variable="DD_API_KEY"),
        _named("datadog-app", HEX, 40, "datadog_app_key = \"{s}\"", variable="DD_APP_KEY"),
        _prefixed("newrelic-user", "NRAK-", UPPER, 27, "NEW_RELIC_API_KEY"),
        _named("newrelic-license", HEX, 36, variable="NEW_RELIC_LICENSE_KEY"),
        _of("grafana-service", lambda r: ("glsa_", take(r, ALNUM, 32) + "_" + take(r, HEX, 8)), *_anywhere("GRAFANA_TOKEN"), *_BARE),
        _prefixed("grafana-cloud", "glc_eyJv", B64, 120, "GRAFANA_CLOUD_KEY"),
        _prefixed("sentry-org", "sntrys_eyJ", B64, 150, "SENTRY_AUTH_TOKEN"),
        _prefixed("sentry-user", "sntryu_", HEX, 64, "SENTRY_AUTH_TOKEN"),
        _of("sentry-dsn", lambda r: ("https://", take(r, HEX, 32)), "SENTRY_DSN={s}@o44551.ingest.sentry.io/4505", 'dsn: "{s}@o1.ingest.us.sentry.io/12"'),
        _named("pagerduty", URL64, 20, "Authorization: Token token={s}", variable="PAGERDUTY_TOKEN"),
        _prefixed("linear", "lin_api_", ALNUM, 40, "LINEAR_API_KEY"),
        _prefixed("notion", "ntn_", ALNUM, 46, "NOTION_TOKEN"),
        _prefixed("notion-old", "secret_", ALNUM, 43, "NOTION_API_KEY"),
        _prefixed("figma", "figd_", URL64, 40, "FIGMA_TOKEN"),
        _of("airtable", lambda r: ("pat" + take(r, ALNUM, 14) + ".", take(r, HEX, 64)), *_anywhere("AIRTABLE_API_KEY"), *_BARE),
        _of("asana", lambda r: ("1/" + take(r, "123456789", 16) + ":", take(r, HEX, 32)), *_anywhere("ASANA_TOKEN"), *_BARE),
        _of("hubspot", lambda r: ("pat-na1-", _uuid(r)[1]), *_anywhere("HUBSPOT_TOKEN"), *_BARE),
        _of("launchdarkly", lambda r: ("sdk-", _uuid(r)[1]), *_anywhere("LD_SDK_KEY"), *_BARE),
        _prefixed("dropbox", "sl.B", URL64, 134, "DROPBOX_TOKEN"),
        _of("okta", lambda r: ("00", take(r, URL64, 40)), "Authorization: SSWS {s}", "OKTA_API_TOKEN={s}"),
        _named("algolia", HEX, 32, "X-Algolia-API-Key: {s}", variable="ALGOLIA_ADMIN_KEY"),
        _named("mapbox-secret", URL64, 60, "MAPBOX_SECRET_TOKEN=sk.eyJ1{s}.Zk3vQ9", variable="MAPBOX_TOKEN"),
        _of("jwt", _jwt, *_anywhere("ID_TOKEN"), *_BARE),
        _of("jwt-long", lambda r: (_jwt(r)[0], _jwt(r)[1] + take(r, URL64, 299)), *_BARE),
        _of("url-postgres", _url_password, *urls("postgresql")),
        _of("url-mysql", _url_password, *urls("mysql")),
        _of("url-mongodb", _url_password, *urls("mongodb+srv")),
        _of("url-redis", _url_password, "REDIS_URL=redis://:{s}@cache:6379/0", "redis://default:{s}@cache.internal:6379"),
        _of("url-amqp", _url_password, *urls("amqps")),
        _of("url-https", _url_password, "https://svc:{s}@nexus.internal/repository/npm/", "pip install --index-url https://ci:{s}@pypi.internal/simple app", "HTTPS_PROXY=http://proxyuser:{s}@10.1.2.3:3128"),
        _of("url-git", _url_password, "origin\thttps://deploy:{s}@git.internal/acme/app.git (push)"),
        _of("connection-string", _password, "Server=db;Database=app;User Id=svc;Password={s};Encrypt=true", '"Default": "Host=db;Username=svc;Password={s}"', "jdbc:sqlserver://db:1433;user=svc;password={s};"),
        _of("curl-user", _url_password, "curl -u svc:{s} https://api.internal/v1", "curl -sS --user 'svc:{s}' https://x.internal/", "$ curl -X POST -u admin:{s} http://es:9200/_search"),
        _of("basic-auth", _basic, "Authorization: Basic {s}", "> Authorization: Basic {s}", '"Authorization": "Basic {s}"'),
        _of("mysql-flag", _url_password, "mysql -h db -u root -p{s} app", "mysqldump -uroot -p'{s}' app > d.sql"),
        _of("sshpass", _url_password, "sshpass -p {s} ssh svc@host", "sshpass -p '{s}' scp a b:"),
        _of("redis-cli", _url_password, "redis-cli -h cache -a {s} ping"),
        _of("docker-login", _url_password, "docker login -u svc -p {s} registry.internal"),
        _of("wireguard", lambda r: ("", take(r, B64, 42) + "8="), "PrivateKey = {s}", "[Interface]\nPrivateKey = {s}\nAddress = 10.0.0.2/32", "PresharedKey = {s}"),
        _of("age", lambda r: ("AGE-SECRET-KEY-1", take(r, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)), "{s}", "# created: 2026-03-01\n{s}"),
        _of("pem-rsa", _pem("RSA PRIVATE KEY", 20), *_PEM_LINES),
        _of("pem-pkcs8", _pem("PRIVATE KEY", 22), *_PEM_LINES),
        _of("pem-ec", _pem("EC PRIVATE KEY", 3), *_PEM_LINES),
        _of("pem-encrypted", _pem("RSA PRIVATE KEY", 14, "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n"), *_PEM_LINES),
        _of("pem-openssh", _pem("OPENSSH PRIVATE KEY", 6), *_PEM_LINES),
        _of("pgp", _pem("PGP PRIVATE KEY BLOCK", 30, "Version: GnuPG v2\n\n"), *_PEM_LINES),
        _of("ansible", _password, "ansible_password: {s}", "ansible_become_pass: {s}", "ansible_ssh_pass={s}"),
        _of("ldap", _password, "bind_password: {s}", "LDAP_BIND_PASSWORD={s}"),
        _of("snowflake", _password, "SNOWFLAKE_PASSWORD={s}", 'snowsql_pwd = "{s}"'),
        _named("github-client-secret", HEX, 40, "GITHUB_CLIENT_SECRET={s}", "client_secret: {s}"),
        _named("django", SYMBOLS, 50, "SECRET_KEY = '{s}'", 'DJANGO_SECRET_KEY="{s}"'),
        _named("rails-master", HEX, 32, "RAILS_MASTER_KEY={s}"),
        _named("laravel", B64, 43, "APP_KEY=base64:{s}="),
        _named("s3-minio", ALNUM, 40, "MINIO_ROOT_PASSWORD={s}", '"secretKey": "{s}"', "secret_key = {s}"),
        _named("unseal-key", B64, 44, "Unseal Key 1: {s}", "Unseal Key 3: {s}"),
        _named("elastic-password", ALNUM, 20, "ELASTIC_PASSWORD={s}", "PASSWORD elastic = {s}"),
        _named("totp", B32, 32, "TOTP_SECRET={s}", "otpauth://totp/acme:svc?secret={s}&issuer=acme"),
        _named("etherscan-like", UPPER, 34, variable="ETHERSCAN_API_KEY"),
        _named("eth-private-key", HEX, 64, "PRIVATE_KEY=0x{s}", '"privateKey": "0x{s}"'),
        *_generic(),
    ]  # fmt: skip
