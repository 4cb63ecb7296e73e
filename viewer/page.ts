import { hashes, script, start, style } from 'spanwise-page'

/**
 * The page as one file: scripts and style inside of it, allowed by their hashes and nothing else. It asks for nothing from anywhere; the
 * dashboard's talks to the server that it came from.
 * @param run bytes of a run's document, gzip, in base64; absent for the dashboard
 */
export function pageHtml({ title, run, notice }: { readonly title: string; readonly run?: string; readonly notice?: Notice | undefined }): string {
  if (run !== undefined && !/^[A-Za-z0-9+/]*={0,2}$/.test(run)) throw new TypeError('a run must be base64')
  const isDashboard = run === undefined
  return documentHtml(title, policy(isDashboard), `${notice === undefined ? '' : noticeHtml(notice)}<div id="app"><noscript>This page needs JavaScript: it draws the run that it holds.</noscript></div>
${isDashboard ? '' : `<script type="application/octet-stream" id="run">${run}</script>\n`}<script type="application/octet-stream" id="page">${script}</script>
<script type="module">${start}</script>`)
}

/** A line above the page, and where it leads. */
export interface Notice {
  readonly text: string
  readonly link?: { readonly text: string; readonly href: string }
}

const noticeHtml = ({ text, link }: Notice): string =>
  `<p class="notice">${escaped(text)}${link === undefined ? '' : ` <a href="${escaped(link.href)}">${escaped(link.text)}</a>`}</p>\n`

/** A page that only says something, without a script. */
export const messageHtml = (title: string, text: string): string =>
  documentHtml(title, directives([['style-src', `'${hashes.style}'`]]), `<main class="message"><h1>${escaped(title)}</h1><p class="muted">${escaped(text)}</p></main>`)

/** Of what the file holds, wherever it is sent. */
const LICENCES = `Written by Spanwise (MIT licence). Holds Preact, Copyright (c) 2015-present Jason Miller; uPlot, Copyright (c) 2022 Leon Sorokin;
fast-string-width and fast-string-truncated-width, Copyright (c) 2024-present Fabio Spampinato, each under the MIT licence:
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions: The above copyright notice and this permission notice shall be included in all copies or substantial portions
of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS
BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

const documentHtml = (title: string, csp: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="license" content="${escaped(LICENCES)}">
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
