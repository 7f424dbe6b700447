"""A second corpus, written without a look at the first: other kinds and forms, wordings, neighbours, widths and cuts.

A kind is written as a pattern: `{A36}` are 36 letters and digits. What is public of it stands before `|`. Nothing that
looks like a key stands here: values are made when the corpus is.
"""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

from tests.redact.scenes import Cells, Row, cut, plain

_ALPHABETS = {
    "A": string.ascii_letters + string.digits, "h": "0123456789abcdef", "H": "0123456789ABCDEF", "d": string.digits,
    "l": string.ascii_lowercase + string.digits, "U": string.ascii_uppercase + string.digits,
    "u": string.ascii_letters + string.digits + "-_", "b": string.ascii_letters + string.digits + "+/",
    "p": string.ascii_letters + string.digits + "!#%*+-=?^_~.", "w": string.ascii_lowercase, "W": string.ascii_letters,
    "n": "123456789",
}  # fmt: skip
_PART = re.compile(r"\{([A-Za-z])(\d+)(?:-(\d+))?\}")


def fill(pattern: str, r: random.Random) -> str:
    """A value of a pattern; one that has an alphabet with digits has a digit."""

    def part(found: re.Match[str]) -> str:
        size = r.randint(int(found[2]), int(found[3] or found[2]))
        alphabet = _ALPHABETS[found[1]]
        while True:
            text = "".join(r.choices(alphabet, k=size))
            if text[0] in "-_.+!#%*=?^~/" or text[-1] in "-_.+!#%*=?^~/":
                continue
            if ".." in text:
                continue  # nobody could tell it from what was left out
            if (
                size < 8
                or "5" not in alphabet
                or (any(c.isdigit() for c in text) and not text.isdigit())
                or alphabet.isdigit()
            ):
                return text

    return _PART.sub(part, pattern)


# Tokens that tell by themselves what they are, and a variable they are often in.
PREFIXED = """
aws-key-id AKIA|{U16} AWS_ACCESS_KEY_ID
aws-sts-id ASIA|{U16} AWS_ACCESS_KEY_ID
aws-bedrock ABSK|{b109} AWS_BEARER_TOKEN_BEDROCK
google-api AIza|{u35} GOOGLE_MAPS_KEY
google-oauth GOCSPX-|{u28} GOOGLE_OAUTH_SECRET
google-ya29 ya29.|{u120} GOOGLE_TOKEN
azure-ad {A3}8Q~|{u34} ARM_CLIENT_SECRET
alibaba LTAI|{A20} ALIYUN_ACCESS_KEY_ID
digitalocean-pat dop_v1_|{h64} DO_PAT
digitalocean-oauth doo_v1_|{h64} DO_TOKEN
heroku HRKU-|{u60} HEROKU_KEY
fly-io fo1_|{u43} FLY_TOKEN
render rnd_|{A32} RENDER_KEY
netlify nfp_|{A36} NETLIFY_TOKEN
supabase-pat sbp_|{h40} SUPABASE_TOKEN
planetscale-pw pscale_pw_|{u43} PSCALE_PW
planetscale-tkn pscale_tkn_|{u43} PSCALE_TOKEN
databricks dapi|{h32} DATABRICKS_TOKEN
dynatrace dt0c01.|{U24}.{U64} DT_API_TOKEN
pulumi pul-|{h40} PULUMI_ACCESS_TOKEN
prefect pnu_|{A36} PREFECT_KEY
tfc {A14}.atlasv1.|{A67} TFE_TOKEN
vault-s hvs.|{u24} VAULT_TOKEN
vault-long hvs.|{u95} VAULT_TOKEN
vault-b hvb.|{u150} VAULT_BATCH
doppler dp.pt.|{A43} DOPPLER_TOKEN
doppler-svc dp.st.prd.|{A40} DOPPLER_TOKEN
infisical st.{h24}.|{h32}.{h32} INFISICAL_TOKEN
tailscale-auth tskey-auth-|{A16}-{A32} TS_AUTHKEY
tailscale-api tskey-api-|{A16}-{A32} TS_API_KEY
github-pat ghp_|{A36} GH_PAT
github-oauth gho_|{A36} GH_OAUTH
github-app ghs_|{A36} GH_APP
github-refresh ghr_|{A36} GH_REFRESH
github-fine github_pat_|{A22}_{A59} GITHUB_PAT
gitlab-pat glpat-|{u20} GITLAB_PAT
gitlab-feed glft-|{u20} GITLAB_FEED
gitlab-agent glagent-|{u50} GITLAB_AGENT
gitlab-runner-reg GR1348941|{u20} RUNNER_REG
gitlab-scim glsoat-|{u20} GL_SCIM
bitbucket-app ATBB|{A32} BB_APP
atlassian-api ATATT3xFfGF0|{u175}={H8} ATLASSIAN_TOKEN
npm-granular npm_|{A36} NODE_AUTH
pypi-upload pypi-AgEIcHlwaS5vcmc|{u160} PYPI
rubygems rubygems_|{h48} GEM_KEY
nuget oy2|{l43} NUGET
crates cio|{A32} CARGO
dockerhub dckr_pat_|{u27} DOCKERHUB
jfrog AKCp|{A69} ARTIFACTORY
jfrog-ref cmVmdGtu|{A56} JF_REF
circle-ci CCIPAT_|{A22}_{h40} CIRCLE
buildkite bkua_|{h40} BUILDKITE
sonar-user squ_|{h40} SONAR
sonar-project sqp_|{h40} SONAR
sourcegraph sgp_|{h40} SRC_ACCESS
postman PMAK-|{h24}-{h34} POSTMAN
anthropic sk-ant-api03-|{u93}AA ANTHROPIC_KEY
anthropic-admin sk-ant-admin01-|{u93}AA ANTHROPIC_ADMIN
openai-user sk-|{A20}T3BlbkFJ{A20} OPENAI_KEY
openai-proj sk-proj-|{u124} OPENAI_KEY
openai-svc sk-svcacct-|{u110} OPENAI_SVC
openrouter sk-or-v1-|{h64} OPENROUTER
groq gsk_|{A52} GROQ
xai xai-|{A80} XAI
perplexity pplx-|{A48} PPLX
replicate r8_|{A37} REPLICATE
hf hf_|{W34} HF_HUB
hf-org api_org_|{W34} HF_ORG
langsmith lsv2_sk_|{h32}_{h10} LANGCHAIN
pinecone pcsk_|{A6}_{A63} PINECONE
tavily tvly-|{A32} TAVILY
nvidia nvapi-|{u64} NGC
cerebras csk-|{l48} CEREBRAS
firecrawl fc-|{h32} FIRECRAWL
e2b e2b_|{h40} E2B
slack-bot xoxb-|{d12}-{d12}-{A24} SLACK_BOT
slack-user xoxp-|{d12}-{d12}-{d12}-{h32} SLACK_USER
slack-legacy xoxs-|{d11}-{d11}-{d11}-{h10} SLACK_LEGACY
slack-config xoxe.xoxp-1-|{A160} SLACK_CONFIG
slack-app xapp-1-|{U11}-{d12}-{h64} SLACK_APP
slack-hook https://hooks.slack.com/services/|T{U8}/B{U10}/{A24} SLACK_HOOK
discord-hook https://discord.com/api/webhooks/{n18}/|{u68} DISCORD_HOOK
telegram-bot {n10}:AA|{u33} TG_BOT
twilio-sk SK|{h32} TWILIO_KEY_SID
sendgrid SG.|{u22}.{u43} SENDGRID
mailgun key-|{h32} MAILGUN
mailgun-new {h32}|-{h8}-{h8} MAILGUN_API_KEY
brevo xkeysib-|{h64}-{A16} BREVO
resend re_{A8}_|{A24} RESEND
stripe-sk-live sk_live_|{A99} STRIPE
stripe-sk-test sk_test_|{A24} STRIPE
stripe-rk rk_live_|{A24} STRIPE
stripe-whsec whsec_|{A32} STRIPE_WH
square sq0atp-|{u22} SQUARE
square-secret sq0csp-|{u43} SQUARE
square-new EAAA|{u60} SQUARE_TOKEN
shopify-admin shpat_|{h32} SHOPIFY
shopify-app shpss_|{h32} SHOPIFY
razorpay-id rzp_live_|{A14} RAZORPAY_KEY
flutterwave FLWSECK_TEST-|{h32}-X FLW
shippo shippo_live_|{h40} SHIPPO
easypost EZAK|{A54} EASYPOST
duffel duffel_live_|{u43} DUFFEL
newrelic NRAK-|{U27} NEWRELIC
newrelic-insert NRII-|{u32} NEWRELIC
grafana-sa glsa_|{A32}_{h8} GRAFANA
grafana-cloud glc_|{b120} GRAFANA
sentry-user sntryu_|{h64} SENTRY
honeycomb hcaik_|{l58} HONEYCOMB
posthog phx_|{A43} POSTHOG
linear lin_api_|{A40} LINEAR
notion ntn_|{A46} NOTION
notion-old secret_|{A43} NOTION
figma figd_|{u40} FIGMA
airtable pat{A14}.|{h64} AIRTABLE
hubspot pat-na1-|{h8}-{h4}-{h4}-{h4}-{h12} HUBSPOT
clickup pk_{n8}_|{U32} CLICKUP
contentful CFPAT-|{u43} CONTENTFUL
typeform tfp_|{u44}_{u13} TYPEFORM
readme rdme_|{l70} README_IO
mapbox sk.eyJ1|{u60}.{u22} MAPBOX
dropbox sl.|{u135} DROPBOX
okta 00|{u40} OKTA_API_TOKEN
age AGE-SECRET-KEY-1|{U58} AGE
ssh-body b3BlbnNzaC1rZXktdjE|{b300} SSH
tether tth_|{u43} TETHER
atlas-mongo {h8}-{h4}-4{h3}-8{h3}-|{h12} MONGODB_ATLAS_PRIVATE_KEY
jwt eyJ|{u33}.eyJ{u80}.{u43} ACCESS_JWT
jwt-rs eyJ|{u60}.eyJ{u400}.{u342} OIDC
aws-sts-token IQoJb3JpZ2lu|{b400} AWS_SESSION_TOKEN
facebook EAA|{A150} FB_TOKEN
instagram IGQV|{u120} IG_TOKEN
scw SCW|{U17} SCW_ACCESS_KEY
yandex AQVN|{u36} YC_KEY
adafruit aio_|{A28} AIO
plaid access-production-|{h8}-{h4}-{h4}-{h4}-{h12} PLAID
launchdarkly sdk-|{h8}-{h4}-4{h3}-8{h3}-{h12} LD
onesignal os_v2_app_|{l103} ONESIGNAL
elevenlabs sk_|{h48} ELEVENLABS
voyage pa-|{u43} VOYAGE
cursor key_|{h64} CURSOR
"""
# Values that only their name gives away: names, and patterns of what stands there.
NAMED = """
aws-secret {b40} AWS_SECRET_ACCESS_KEY aws_secret_access_key SecretAccessKey secretAccessKey
db-password {p14-22} DB_PASSWORD dbPassword database.password db_pass POSTGRES_PASSWORD
root-password {p12-24} MYSQL_ROOT_PASSWORD root_password rootPassword
smtp {A16} SMTP_PASSWORD smtp.password EMAIL_HOST_PASSWORD mail_password
redis {A24} REDIS_PASSWORD redis-password requirepass
jwt-secret {u48} JWT_SECRET jwtSecret jwt_secret_key JWT_SIGNING_SECRET
session {h64} SESSION_SECRET session_secret COOKIE_SECRET sessionSecret
django {p50} SECRET_KEY DJANGO_SECRET_KEY
rails {h128} SECRET_KEY_BASE secret_key_base
oauth-client {u40} CLIENT_SECRET client_secret clientSecret OAUTH2_CLIENT_SECRET
api-key {A32} API_KEY api_key apiKey X_API_KEY api-key
api-key-hex {h40} SERVICE_API_KEY serviceApiKey internal_api_key
api-secret {A40} API_SECRET api_secret apiSecret
access-token {u40} ACCESS_TOKEN access_token accessToken
refresh-token {u60} REFRESH_TOKEN refresh_token refreshToken
auth-token {h32} AUTH_TOKEN auth_token authToken TWILIO_AUTH_TOKEN
bot-token {A59} BOT_TOKEN bot_token
deploy-token {u20} DEPLOY_TOKEN deploy_token CI_JOB_TOKEN
encryption {b43} ENCRYPTION_KEY encryption_key encryptionKey DATA_ENCRYPTION_KEY
signing {b44} SIGNING_KEY signing_key HMAC_SECRET
webhook {h40} WEBHOOK_SECRET webhook_secret webhookSecret GITHUB_WEBHOOK_SECRET
master {h32} MASTER_KEY RAILS_MASTER_KEY master_key
private-hex {h64} PRIVATE_KEY WALLET_PRIVATE_KEY privateKey
datadog {h32} DD_API_KEY DATADOG_API_KEY datadog_api_key
datadog-app {h40} DD_APP_KEY datadog_app_key
cloudflare {u40} CLOUDFLARE_API_TOKEN CF_API_TOKEN cloudflare_api_token
cloudflare-global {h37} CLOUDFLARE_API_KEY
algolia {h32} ALGOLIA_API_KEY ALGOLIA_ADMIN_KEY algoliaAdminKey
pagerduty {A20} PAGERDUTY_TOKEN pagerduty_api_key
wandb {h40} WANDB_API_KEY
mistral {A32} MISTRAL_API_KEY
cohere {A40} COHERE_API_KEY CO_API_KEY
deepseek {h32} DEEPSEEK_API_KEY
vercel {A24} VERCEL_TOKEN
fastly {u32} FASTLY_API_KEY FASTLY_API_TOKEN
codecov {h8}-{h4}-4{h3}-8{h3}-{h12} CODECOV_TOKEN
snyk {h8}-{h4}-4{h3}-8{h3}-{h12} SNYK_TOKEN
heroku-uuid {h8}-{h4}-4{h3}-8{h3}-{h12} HEROKU_API_KEY
newrelic-lic {h36}NRAL NEW_RELIC_LICENSE_KEY license_key
splunk {h8}-{h4}-4{h3}-8{h3}-{h12} SPLUNK_HEC_TOKEN
elastic {A20} ELASTIC_PASSWORD elasticsearch.password
rabbit {A18} RABBITMQ_DEFAULT_PASS rabbitmq_password
keycloak {A16} KEYCLOAK_ADMIN_PASSWORD KC_DB_PASSWORD
minio {A40} MINIO_SECRET_KEY MINIO_ROOT_PASSWORD
azure-storage {b86}== AZURE_STORAGE_KEY AccountKey storage_account_key
azure-func {u54}== AZURE_FUNCTION_KEY
ansible {p16} ansible_password ansible_become_password ansible_ssh_pass
ldap {p14} LDAP_BIND_PASSWORD bindpw ldap_password
vpn {A20} VPN_PASSWORD vpn_psk wifi_psk
nextauth {b43} NEXTAUTH_SECRET
supabase-role {A60} SUPABASE_SERVICE_ROLE_KEY
twitter {A45} TWITTER_ACCESS_TOKEN_SECRET TWITTER_API_SECRET
kafka {A16} KAFKA_SASL_PASSWORD sasl.password
snowflake {p16} SNOWFLAKE_PASSWORD
grafana-admin {A20} GF_SECURITY_ADMIN_PASSWORD
sudo {p12} SUDO_PASSWORD sudo_pass
pgp-pass {p20} GPG_PASSPHRASE gpg_passphrase KEY_PASSPHRASE
keystore {A14} KEYSTORE_PASSWORD keystore.password storePassword
otp {U32} TOTP_SECRET otp_secret
"""

# How something that has a name is written. `N` is the name, `S` the value.
FORMS = [
    "N=S", "export N=S", 'export N="S"', "N='S'", "set N=S", "setenv N S", "set -gx N S", '$env:N = "S"', "N: S", 'N: "S"', "  N: 'S'", "      - N=S",
    '"N": "S"', '{"N":"S","port":5432}', '  "N": "S",', "'N': 'S',", 'N = "S"', "N = S", "N := \"S\"", "N => 'S',", '"N" => "S"', "-e N=S", "--env N=S",
    "ENV N=S", "ARG N=S", "--build-arg N=S", "Environment=N=S", 'Environment="N=S"', '            "N=S",', "+N=S", "-  N: S", "+    N: \"S\"", "+ export N=S", "> N=S",
    "declare -x N=\"S\"", "const N = 'S';", "let N: string = \"S\";", "var N = `S`", 'String N = "S";', 'static final String N = "S";', "N string = \"S\"", "$N = 'S';", "define('N', 'S');",
    "@N = 'S'", "self.N = 'S'", "config.N = \"S\"", "os.environ['N'] = 'S'", "process.env.N = 'S'", "os.Setenv(\"N\", \"S\")", "N=S python manage.py migrate", "env N=S ./run.sh",
    "<N>S</N>", '<property name="N" value="S"/>', '<add key="N" value="S" />', "| N | S |", "N\tS", "N          S", "\u2502 N \u2502 S \u2502", "[2026-05-01 10:00:00] INFO loaded N=S from .env", "level=debug msg=\"config\" N=S",
    'time="2026-05-01T10:00:00Z" level=warning msg="N: S"', "DEBUG:root:{'N': 'S', 'retries': 3}", '"{\\"N\\":\\"S\\"}"', '\\"N\\": \\"S\\"', "https://api.example.org/v1?N=S&page=2", "curl 'https://api.example.org/x?a=1&N=S'",
    "--N S", "--N=S", "--set N=S", "-D N=S", "-var 'N=S'", "N=S # rotate me", "# N=S", "// N: S", "echo \"N=S\" >> .env", "kubectl create secret generic app --from-literal=N=S",
    "  value of N is S", "N is set to S", "Your N: S", "N (production): S", "Warning: using N S", "printf '%s' 'N=S'", "heroku config:set N=S -a app", "fly secrets set N=S", "gh secret set N -b S", "vault kv put kv/app N=S",
    "aws ssm put-parameter --name N --value S", "  - name: N\n    value: S", "  - name: N\n    value: \"S\"", '{"name": "N", "value": "S"}', '{ name = "N", value = "S" }', "Set-Item Env:N 'S'", "::add-mask::S N=S", "N=\"S\" \\",
]  # fmt: skip
# Where something stands that says itself what it is.
PLACES = [
    "S", "  S", "token S expired", "Using S for authentication", "(S)", "[S]", "<S>", "'S'", '"S"', "`S`", "key=S;", "S.", "S, and then", "see S!", "-> S", "\u2192 S", "* S", "- S", "1. S", "$ echo S", "echo S | base64 -d", "401 Unauthorized: S is not valid",
    "Error: invalid credentials (S)", "Authorization: Bearer S", "authorization: bearer S", "-H \"Authorization: Bearer S\"", "-H 'Authorization: token S'", "x-api-key: S", "> X-Token: S", "https://example.org/?t=S", "https://example.org/cb#access=S&x=1", "git clone https://oauth2:S@git.example.org/a/b.git",
    "https://S@example.org/r.git", "//registry.example.org/:_authToken=S", "login --token S", "login -t S", "--api-key=S", "mycli auth S --yes", "cat: S: No such file or directory", "zsh: command not found: S", "found 1 secret: S in config.py:12", "- S\n+ none", "{\"t\":\"S\"}", "[\"S\",\"x\"]", "{'k': 'S'}",
    "Token(value='S')", "Some(\"S\")", "headers={'X': f'S'}", "new Client('S')", "client = Client(\"S\", region=\"eu\")", "var k=\"S\",v=1;", "2026-05-01T10:00:00.123Z [worker-3] INFO  auth - S accepted", "10.0.0.1 - - \"GET /?k=S HTTP/1.1\" 200", "\U0001f511 S", "\u2714 created S", "password for S:", "| S | 2026 |", "root  4242  0.0  0.1 ./agent -k S -v",
]  # fmt: skip
_OTHERS = [
    ("url-pg", "postgres://app:|{A18}", "@db.example.org:5432/app"), ("url-mysql", "mysql://root:|{u20}", "@127.0.0.1/x"), ("url-mongo", "mongodb+srv://svc:|{A16}", "@c0.abcde.mongodb.net/test?retryWrites=true"),
    ("url-redis", "redis://:|{A22}", "@cache:6379/1"), ("url-amqp", "amqp://mq:|{u16}", "@rabbit:5672/%2f"), ("url-https", "https://user:|{A14}", "@nexus.example.org/repo"), ("url-ftp", "ftp://up:|{A12}", "@ftp.example.org/"),
    ("url-proxy", "http_proxy=http://jo:|{A13}", "@proxy.example.org:3128"), ("url-smtp", "smtp://no-reply%40x.org:|{A16}", "@smtp.example.org:587"), ("url-encoded", "postgresql://app:|{A8}%40{A6}%23", "@pg/app"),
    ("basic-header", "Authorization: Basic |{b43}=", ""), ("curl-u", "curl -u admin:|{A16}", " https://x.example.org/"), ("curl-user", "curl --user 'ci:|{A18}", "' -O https://x.example.org/a"), ("wget", "wget --user=ci --password=|{A16}", " https://x.example.org/a"),
    ("sshpass", "sshpass -p '|{p14}", "' ssh a@b"), ("mysql-p", "mysql -uroot -p|{A14}", " -e 'show tables'"), ("psql", "PGPASSWORD=|{A16}", " psql -h db -U app"), ("mongo", "mongosh -u root -p |{A14}", " --host db"), ("docker-login", "docker login -u ci -p |{A20}", " ghcr.io"),
    ("helm", "helm registry login -u ci --password |{A20}", " r.example.org"), ("cookie", "Cookie: sid=|{u40}", "; theme=dark"), ("set-cookie", "Set-Cookie: session=|{u80}", "; Path=/; HttpOnly"), ("cookie-jwt", "< set-cookie: token=|{u60}", "; Secure"), ("netrc", "machine api.example.org login ci password |{A20}", ""),
    ("netrc-lines", "machine api.example.org\n  login ci\n  password |{A20}", "\n"), ("npmrc-pw", "//r.example.org/:_password=|{b32}", ""), ("npmrc-auth", "_auth=|{b43}=", ""), ("pypirc", "[pypi]\nusername = ci\npassword = |{A24}", "\n"), ("my-cnf", "[client]\nuser=root\npassword=|{A16}", "\n"), ("pgpass", "db:5432:app:app:|{A16}", ""),
    ("docker-cfg", '"auth": "|{b43}=', '"'), ("k8s-secret", "apiVersion: v1\ndata:\n  password: |{b27}=", "\nkind: Secret"), ("azure-conn", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=|{b86}==", ";EndpointSuffix=core.windows.net"), ("sb-conn", "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=|{b43}=", ""),
    ("sas", "https://x.blob.core.windows.net/c?sv=2024-11-04&sig=|{A43}%3D", "&se=2026-01-01"), ("s3-presigned", "https://b.s3.amazonaws.com/k?X-Amz-Credential=x&X-Amz-Signature=|{h64}", ""), ("ado-conn", "Server=tcp:x,1433;User ID=sa;Password=|{A16}", ";Encrypt=True;"), ("jdbc", "jdbc:postgresql://db/app?user=app&password=|{A16}", "&ssl=true"),
    ("sentry-dsn", "https://|{h32}", "@o12345.ingest.sentry.io/67890"), ("wireguard", "[Interface]\nPrivateKey = |{b43}=", "\nAddress = 10.0.0.2/24"), ("unseal", "Unseal Key 2: |{b43}=", ""), ("root-token", "Initial Root Token: hvs.|{A24}", ""), ("htpasswd-cli", "htpasswd -b .htpasswd jo |{A16}", ""),
    ("chpasswd", "echo 'jo:|{p14}", "' | chpasswd"), ("useradd-prose", "Temporary password for jo: |{A14}", ""), ("initial-admin", "Please use the following password to proceed to installation:\n\n|{h32}", "\n"), ("gh-auth", "! First copy your one-time code; token: |{A32}", ""), ("digest", "X-Auth-Token: |{h40}", ""), ("private-token", "PRIVATE-TOKEN: |{u20}", ""),
    ("ocp-key", "Ocp-Apim-Subscription-Key: |{h32}", ""), ("circle-token", "Circle-Token: |{h40}", ""), ("vault-header", "X-Vault-Token: |{A26}", ""), ("nomad", "X-Nomad-Token: |{h8}-{h4}-{h4}-{h4}-{h12}", ""), ("consul", "X-Consul-Token: |{h8}-{h4}-{h4}-{h4}-{h12}", ""), ("token-query", "wss://x.example.org/socket?token=|{u43}", ""), ("apikey-query", "GET /v1/q?apikey=|{A32}", "&q=x HTTP/2"),
]  # fmt: skip
_PEM = [
    "RSA PRIVATE KEY",
    "PRIVATE KEY",
    "EC PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "DSA PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "PGP PRIVATE KEY BLOCK",
]
_PEM_FORMS = ["{b}\n{s}\n{e}\n", "    {b}\n    {s}\n    {e}\n", 'KEY="{b}\\n{t}\\n{e}\\n"', '  "private_key": "{b}\\n{t}\\n{e}\\n",', "key: |\n  {b}\n  {s}\n  {e}\n", "+{b}\n+{s}\n+{e}\n", 'k = """{b}\n{s}\n{e}"""', "export KEY='{b}\n{s}\n{e}'"]  # fmt: skip

Chars = list[tuple[str, bool]]


@dataclass(frozen=True)
class Case:
    """A kind, on one line or a few: each character, and whether it is secret."""

    kind: str
    chars: Chars
    alone: str = ""


def _written(form: str, name: str, public: str, secret: str) -> Chars:
    """A form with `N` and `S` filled in."""
    chars: Chars = []
    for part in re.split(r"(\bN\b|\bS\b)", form):
        if part == "S":
            chars += [*((c, False) for c in public), *((c, True) for c in secret)]
        else:
            chars += [(c, False) for c in (name if part == "N" else part)]
    return chars


def cases(seed: int) -> Iterator[Case]:
    """Every kind, a few times, each time in another form."""
    yield from _prefixed(seed)
    yield from _named(seed)
    for name, pattern, tail in _OTHERS:
        r = random.Random(f"{seed} {name}")
        for _ in range(2):
            public, secret = _split(pattern, r)
            yield Case(name, [*((c, False) for c in public), *((c, True) for c in secret), *((c, False) for c in tail)])
    for label in _PEM:
        r = random.Random(f"{seed} {label}")
        for form in r.sample(_PEM_FORMS, 3):
            yield Case("pem " + label, _pem(label, form, r))


def _prefixed(seed: int) -> Iterator[Case]:
    for line in PREFIXED.strip("\n").split("\n"):
        name, pattern, variable = line.split(" ")
        r = random.Random(f"{seed} {name}")
        alone = name not in ("okta", "mailgun-new", "atlas-mongo")
        for place in [*r.sample(PLACES, 3), *r.sample(FORMS, 1)] if alone else r.sample(FORMS, 3):
            public, secret = _split(pattern, r)
            yield Case(name, _written(place, variable, public, secret), public + secret)


def _named(seed: int) -> Iterator[Case]:
    for line in NAMED.strip("\n").split("\n"):
        name, pattern, *names = line.split(" ")
        r = random.Random(f"{seed} {name}")
        for form in r.sample(FORMS, 6):
            yield Case(name, _written(form, r.choice(names), "", fill(pattern, r)))


def _split(pattern: str, r: random.Random) -> tuple[str, str]:
    public, secret = pattern.split("|")
    return fill(public, r), fill(secret, r)


def _pem(label: str, form: str, r: random.Random) -> Chars:
    lines = ["".join(r.choices(_ALPHABETS["b"], k=64)) for _ in range(r.randrange(3, 26))] + [
        "".join(r.choices(_ALPHABETS["b"], k=r.randrange(20, 60))) + "=="
    ]
    before, mark, after = re.split(r"(\{s\}|\{t\})", form, maxsplit=1)
    between = "\\n" if mark == "{t}" else "\n" + before.rsplit("\n", 1)[-1]
    marks = {"b": f"-----BEGIN {label}-----", "e": f"-----END {label}-----"}
    text = [(c, False) for c in (before + "\0" + after).format(**marks)]
    at = text.index(("\0", False))
    body: Chars = []
    for number, line in enumerate(lines):
        body += [(c, False) for c in between] if number else []
        body += [(c, True) for c in line]
    return text[:at] + body + text[at + 1 :]


# -- how it is shown

_NEIGHBOURS = [
    "Compiling serde v1.0.203", "PASS src/app.test.ts (5.2 s)", "  14 |   return total;", "added 212 packages in 9s", "\x1b[33mwarning\x1b[0m: unused variable `x`", "drwxr-xr-x 2 jo jo 4096 May  1 10:00 lib", "> app@1.0.0 build", "remote: Counting objects: 100% (12/12), done.",
    "a1b2c3d fix: handle empty list", "# see the docs", "", "}", "  DEBUG=true", "PORT=3000", "NODE_ENV=production", "host: localhost", "\u2500" * 30, "Downloading 42%", '  "port": 5432,', "  region: eu-west-1",
]  # fmt: skip
_EDITS = (
    "\x1b[0m",
    "\x1b[1m",
    "\x1b[38;5;208m",
    "\x1b[38;2;1;2;3m",
    "\x1b[4m",
    "\x1b[7m",
    "\x1b[m",
    "\x1b[?25l",
    "\x1b[39;49m",
)
VARIANTS = {
    "whole": "", "halves": "", "ones": "", "sevens": "", "64s": "", "4096s": "", "random": "", "in-escapes": "", "jq": "", "bat": "", "lf": "",
    "wrap-80": "", "wrap-80-indent": "", "box": "", "box-rounded": "", "quote-bar": "",
}  # fmt: skip
WIDTHS = (40, 53, 60, 72, 78, 100, 120, 132)


def scene(case: Case, variant: str, r: random.Random) -> Row:
    """One row: the case among its neighbours, as it arrives."""
    newline = "\n" if variant == "lf" else "\r\n"
    body = _drawn(case.chars, variant, r, newline)
    before = plain("".join(line + newline for line in r.sample(_NEIGHBOURS, r.randrange(5))))
    after = plain(newline + "".join(line + newline for line in r.sample(_NEIGHBOURS, r.randrange(1, 4))))
    row = Row(
        f"{case.kind}/{variant}",
        case.kind,
        variant,
        before + body + after,
        secret="".join(c for c, s in case.chars if s),
    )
    row.chunks = _arriving(row, variant, r)
    return row


def _bytes(chars: Chars, newline: str) -> Cells:
    return [(b, s) for c, s in chars for b in (newline if c == "\n" else c).encode()]


def _drawn(chars: Chars, variant: str, r: random.Random, newline: str) -> Cells:
    if variant in ("in-escapes", "bat"):
        out: Cells = []
        inside = False
        for char, secret in chars:
            edge = variant == "bat" and (secret != inside or not char.isalnum()) and char != "\n"
            if edge or (variant == "in-escapes" and r.random() < 0.15):
                out += plain(r.choice(_EDITS))
            inside = secret
            out += _bytes([(char, secret)], newline)
        return out + plain("\x1b[0m")
    if variant == "jq":
        text = "".join(c for c, _ in chars)
        cells = _bytes(chars, newline)
        if "\n" in text:
            return cells
        first, last = min(i for i, (_, s) in enumerate(cells) if s), max(i for i, (_, s) in enumerate(cells) if s)
        return (
            plain("\x1b[1;34m")
            + cells[:first]
            + plain("\x1b[0;32m")
            + cells[first : last + 1]
            + plain("\x1b[0m\x1b[1;39m")
            + cells[last + 1 :]
            + plain("\x1b[0m")
        )
    if variant.startswith("wrap-"):
        width = int(variant.split("-")[1])
        return _bytes(
            _wrapped(
                [*((c, False) for c in "x " * r.randrange(width // 2)), *chars],
                width,
                " " * r.choice((2, 4, 6)) if variant.endswith("indent") else "",
            ),
            newline,
        )
    if variant.startswith("box") or variant == "quote-bar":
        width = r.choice((38, 50, 66, 76, 110))
        left, right = {"box": ("| ", " |"), "box-rounded": ("\u2502 ", " \u2502"), "quote-bar": ("\u258c ", "")}[
            variant
        ]
        cells = []
        for line in _lines(_wrapped(chars, width if right else 76, "")):
            cells += (
                plain(left)
                + _bytes(line, newline)
                + plain((" " * (width - len(line)) + right if right else "") + newline)
            )
        return cells
    return _bytes(chars, newline)


def _lines(chars: Chars) -> list[Chars]:
    lines: list[Chars] = [[]]
    for char in chars:
        if char[0] == "\n":
            lines.append([])
        else:
            lines[-1].append(char)
    return lines


def _wrapped(chars: Chars, width: int, indent: str) -> Chars:
    out: Chars = []
    column = 0
    for char in chars:
        if char[0] == "\n":
            column = -1
        elif column == width:
            out += [("\n", False), *((c, False) for c in indent)]
            column = len(indent)
        out.append(char)
        column += 1
    return out


def _arriving(row: Row, variant: str, r: random.Random) -> list[bytes]:
    data = row.data
    inside = [i for i, (_, s) in enumerate(row.cells) if s]
    match variant:
        case "ones":
            return [data[i : i + 1] for i in range(len(data))]
        case "sevens":
            return cut(data, lambda: 7)
        case "64s":
            return cut(data, lambda: 64)
        case "halves":
            at = r.choice(inside)
            return [data[:at], data[at:]]
        case "whole" | "lf" | "4096s":
            return cut(data, lambda: 4096)
        case _:
            return cut(data, lambda: r.choice((1, 2, 7, 30, 64, 500, 4096)))


def rows(seed: int, variants: list[str], share: int = 1) -> Iterator[Row]:
    """Each case in each variant, or every so manieth."""
    for number, case in enumerate(cases(seed)):
        for place, variant in enumerate(variants):
            if (number + place) % share == 0:
                row = scene(case, variant, random.Random(f"{seed} {number} {variant}"))
                row.id += f"/{seed}.{number}"
                yield row


def encoded(seed: int) -> Iterator[Row]:
    """Tokens in base64, as `base64` and configurations show them."""
    for number, case in enumerate(cases(seed)):
        if case.alone and 12 <= len(case.alone) < 300 and number % 4 == 0 and case.alone[:3].isalpha():
            r = random.Random(f"{seed} {number}")
            text = base64.b64encode(r.choice(("", "u:", "oauth2:")).encode() + case.alone.encode()).decode()
            yield Row(
                f"{case.kind}/b64/{seed}.{number}",
                case.kind,
                "b64",
                plain("data: ") + [(c, i > 12) for i, c in enumerate(text.encode())] + plain("\r\n"),
                [],
                text,
            )
