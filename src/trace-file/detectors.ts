/**
 * What keys, tokens and passwords look like. Each pattern is linear in the text, also in one made to be slow: it begins at a
 * fixed prefix which a character of its own run cannot precede, so that no stretch of text is gone over twice, and whatever
 * has something behind its run has a bound. A test holds each to 50 ms on a megabyte of several hostile texts.
 */
export interface Detector {
  readonly name: string
  readonly pattern: RegExp
  /** What takes its place; a group of the pattern may stay. Default `[masked: name]`. */
  readonly replace?: (match: string, ...groups: string[]) => string
}

/** A prefix and what follows it. */
const token = (name: string, prefix: string, min: number, chars = '[\\w-]'): Detector =>
  ({ name, pattern: new RegExp(`(?<![\\w-])${prefix}${chars}{${min},}`, 'g') })

const alphanumeric = '[A-Za-z0-9]'

const prefixed: readonly Detector[] = [
  token('Anthropic key', 'sk-ant-', 8),
  token('OpenAI key', 'sk-(?:proj-|svcacct-|admin-|None-)', 8),
  token('OpenRouter key', 'sk-or-', 8),
  token('Langfuse key', '(?:sk|pk)-lf-', 8),
  token('secret key', 'sk-', 16),
  token('GitHub token', 'gh[pousr]_', 16, alphanumeric),
  token('GitHub token', 'github_pat_', 16, '\\w'),
  token('GitLab token', 'gl(?:pat|dt|rt|ptt|oas|cbt|ft|soat|agent|imt)-', 12, '[\\w.-]'),
  token('Slack token', 'xox[abeoprs](?:\\.xox[bp])?-', 8),
  token('Slack token', 'xapp-', 10),
  token('AWS key id', '(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)', 12, '[A-Z0-9]'),
  token('Google key', 'AIza', 20),
  token('Google token', 'ya29\\.', 10, '[\\w.-]'),
  token('Google refresh token', '1//0', 20),
  token('Google client secret', 'GOCSPX-', 12),
  token('Stripe key', '(?:sk|rk|pk)_(?:live|test)_', 8, alphanumeric),
  token('Stripe webhook secret', 'whsec_', 12, '[\\w+/=-]'),
  token('Twilio key', '(?:SK|AC)(?=[0-9a-f]{32}(?![0-9A-Za-z]))', 32, '[0-9a-f]'),
  token('SendGrid key', 'SG\\.', 16, '[\\w.-]'),
  token('Mailgun key', 'key-(?=[0-9a-f]{32})', 32, '[0-9a-f]'),
  token('Mailchimp key', '(?=[0-9a-f]{32}-us[0-9])', 33, '[0-9a-z-]'),
  token('npm token', 'npm_', 16, alphanumeric),
  token('PyPI token', 'pypi-', 16),
  token('RubyGems key', 'rubygems_', 16, '[0-9a-f]'),
  token('DigitalOcean token', 'do[opr]_v1_', 16, '[0-9a-f]'),
  token('Hugging Face token', '(?:hf|api_org)_', 16, alphanumeric),
  token('Groq key', 'gsk_', 16, alphanumeric),
  token('xAI key', 'xai-', 16),
  token('Perplexity key', 'pplx-', 16, alphanumeric),
  token('Replicate token', 'r8_', 16, alphanumeric),
  token('Fireworks key', 'fw_', 16, alphanumeric),
  token('NVIDIA key', 'nvapi-', 16),
  token('Tavily key', 'tvly-', 12),
  token('LangSmith key', 'lsv2_(?:pt|sk)_', 12, '\\w'),
  token('Pinecone key', 'pcsk_', 16, '\\w'),
  token('Databricks token', 'dapi(?=[0-9a-f]{16})', 16),
  token('Linear key', 'lin_(?:api|oauth)_', 16, alphanumeric),
  token('Notion token', '(?:ntn|secret)_', 24, alphanumeric),
  token('Airtable token', 'pat(?=[A-Za-z0-9]{14}\\.)', 20, '[\\w.]'),
  token('Shopify token', 'shp(?:at|ca|pa|ss)_', 16, '[0-9a-fA-F]'),
  token('Square token', '(?:EAAA|sq0(?:atp|csp|idp)-)', 20),
  token('Grafana token', 'gl(?:c|sa)_', 16, '[\\w+/=]'),
  token('New Relic key', 'NR(?:AK|JS|II)-', 16),
  token('PlanetScale secret', 'pscale_(?:tkn|oauth|pw)_', 16, '[\\w.-]'),
  token('Supabase key', 'sb(?:p|_secret|_publishable)_', 16),
  token('Vault token', 'hv[sbr]\\.', 16, '[\\w.-]'),
  token('Doppler token', 'dp\\.(?:pt|st|ct|sa|scim|audit)\\.', 16, '[\\w.-]'),
  token('Atlassian token', 'AT(?:ATT|BB|CTT)3?x', 16, '[\\w=-]'),
  token('Docker token', 'dckr_(?:pat|oat)_', 16),
  token('age key', 'AGE-SECRET-KEY-1', 20, '[A-Z0-9]'),
  token('Azure AD secret', '(?=[\\w~.]{3}8Q~)', 30, '[\\w~.-]'),
  token('JWT', 'eyJ', 12, '[\\w.=-]'),
]

const masked = (name: string): string => `[masked: ${name}]`

/** An assignment, a JSON field or a header: `API_KEY=…`, `"password": "…"`, `x-api-key: …`. Counts stay, they are no secrets. */
const assigned = '(?:api[-_]?key|access[-_]?key(?:[-_]?id)?|secret[-_]?key|account[-_]?key|private[-_]?key|client[-_]?secret|'
  + '(?:access|refresh|auth|id|session|security|bearer)[-_]?token|passwd|password|passphrase|secret|authorization|(?:set-)?cookie)'
const loosely = (value: string): boolean => /^(?:[\d.]+|true|false|null|undefined|none|\[masked.*)$/i.test(value)

const contextual: readonly Detector[] = [
  { name: 'private key', pattern: /-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]{0,60}-----|$)/g },
  { name: 'Slack webhook', pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]{8,}/g },
  { name: 'Discord webhook', pattern: /discord(?:app)?\.com\/api\/webhooks\/[\w/-]{8,}/g },
  { name: 'Teams webhook', pattern: /webhook\.office\.com\/[\w/@-]{8,}/g },
  { name: 'Telegram token', pattern: /(?<![\w-])\d{8,10}:AA[\w-]{30,}/g },
  { name: 'Sentry DSN', pattern: /(?<=:\/\/)[0-9a-f]{32}(?=@|:)/g },
  { name: 'password', pattern: /(?<=:\/\/)[^\s/?#@:"'<>]{0,256}:[^\s/?#"'<>]{1,1024}(?=@)/g },
  { name: 'token', pattern: /(?<=:\/\/)[^\s/?#@:"'<>]{20,256}(?=@)/g },
  {
    name: 'credentials',
    pattern: /(?<![\w-])(bearer|basic|token|digest|negotiate|aws4-hmac-sha256)([ \t]{1,4}|%20|\+)([\w.~+/=:-]{8,})/gi,
    // In prose these are words: `a basic understanding`. What nobody writes by hand has a digit, a sign or both cases.
    replace: (match, scheme, space, value) => (/[\d+/=_]|[a-z][A-Z]/.test(value ?? '') ? `${scheme}${space}${masked('credentials')}` : match),
  },
  {
    name: 'parameter',
    pattern: /([?&;](?:[\w-]{0,32}[-_])?(?:token|key|apikey|secret|password|passwd|pwd|sig|signature|credential|code|auth|jwt)=)([^&;\s"'#<>]{3,})/gi,
    replace: (match, name, value) => (loosely(value ?? '') ? match : `${name}${masked('parameter')}`),
  },
  {
    name: 'secret',
    pattern: new RegExp(`(${assigned}\\\\?["']?[ \\t]{0,4}[:=][ \\t]{0,4}\\\\?["']?(?:(?:bearer|basic|token)[ \\t]{1,4})?)([^\\s"',;&})\\]\\\\]{4,})`, 'gi'),
    replace: (match, name, value) => (loosely(value ?? '') ? match : `${name}${masked('secret')}`),
  },
]

export const detectors: readonly Detector[] = [...contextual.slice(0, 1), ...prefixed, ...contextual.slice(1)]

/** The shortest thing that any detector finds. */
const MIN_CHARS = 8

/** Something that every detector needs to begin with: texts without it, nearly all, are gone over once. */
const hint = new RegExp([
  '-----BEGIN', '[sprg]k[-_]', 'gh[pousr]_', 'github_pat_', 'gl[a-z]{1,5}[-_]', 'xox', 'xapp-', 'A[KSBCRI][A-Z]A', 'AIza', 'ya29', '1//0', 'GOCSPX',
  'whsec', 'SK[0-9a-f]', 'AC[0-9a-f]', 'SG\\.', 'key', '[0-9a-f]-us[0-9]', 'npm_', 'pypi-', 'rubygems', 'do[opr]_v1', 'hf_', 'api_org', 'xai-',
  'pplx-', 'r8_', 'fw_', 'nvapi', 'tvly', 'lsv2', 'dapi', 'lin_', 'ntn_', 'secret', 'pat[A-Za-z0-9]', 'shp[a-z]', 'EAAA', 'sq0', 'NR[AJI]',
  'pscale', 'sb[p_]', 'hv[sbr]\\.', 'dp\\.', 'AT[ABC]', 'dckr', 'AGE-SECRET', '8Q~', 'eyJ', 'hooks\\.', 'webhook', '\\d:AA', '://',
].join('|'))
const looseHint = /bearer|basic|digest|negotiate|hmac|token|key|secret|passw|passphrase|authorization|cookie|pwd|sig|credential|code=|auth=|jwt=/i

/** The text without what looks like a key, a token or a password. Linear in its length. */
export function maskSecrets(text: string): string {
  if (text.length < MIN_CHARS) return text
  const isPrefixed = hint.test(text)
  if (!isPrefixed && !looseHint.test(text)) return text
  let result = text
  for (const { name, pattern, replace } of isPrefixed ? detectors : contextual) {
    result = replace === undefined ? result.replace(pattern, masked(name)) : result.replace(pattern, replace)
  }
  return result
}
