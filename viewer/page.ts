import { hashes, script, start, style } from 'spanwise-page'

/**
 * The page as one file: scripts and style inside of it, allowed by their hashes and nothing else. It asks for nothing from anywhere; the
 * dashboard's talks to the server that it came from.
 * @param run bytes of a run's document, gzip, in base64; absent for the dashboard
 */
export function pageHtml({ title, run }: { readonly title: string; readonly run?: string }): string {
  if (run !== undefined && !/^[A-Za-z0-9+/]*={0,2}$/.test(run)) throw new TypeError('a run must be base64')
  const isDashboard = run === undefined
  return documentHtml(title, policy(isDashboard), `<div id="app"><noscript>This page needs JavaScript: it draws the run that it holds.</noscript></div>
${isDashboard ? '' : `<script type="application/octet-stream" id="run">${run}</script>\n`}<script type="application/octet-stream" id="page">${script}</script>
<script type="module">${start}</script>`)
}

/** A page that only says something, without a script. */
export const messageHtml = (title: string, text: string): string =>
  documentHtml(title, directives([['style-src', `'${hashes.style}'`]]), `<main class="message"><h1>${escaped(title)}</h1><p class="muted">${escaped(text)}</p></main>`)

const documentHtml = (title: string, csp: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`

/** Without exceptions: no other script, style, address, frame or form. `frame-ancestors` counts in a header alone. */
export const policy = (isDashboard: boolean): string => directives([
  ['script-src', `'${hashes.start}' '${hashes.script}'`], ['style-src', `'${hashes.style}'`], ['img-src', 'data:'], ...(isDashboard ? [['connect-src', "'self'"]] as const : []),
])

const directives = (allowed: readonly (readonly [what: string, from: string])[]): string =>
  [['default-src', "'none'"], ...allowed, ['base-uri', "'none'"], ['form-action', "'none'"]].map((one) => one.join(' ')).join('; ')

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`).replace(/\p{Cc}/gu, ' ')
