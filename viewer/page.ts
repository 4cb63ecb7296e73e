import { script, scriptHash, style, styleHash } from 'spanwise-page'

/**
 * The page as one file: script and style inline, allowed by their hashes and nothing else. It asks for nothing from anywhere; the
 * dashboard's talks to the server that it came from.
 * @param run bytes of a run's document, gzip, in base64; absent for the dashboard
 */
export function pageHtml({ title, run }: { readonly title: string; readonly run?: string }): string {
  const isDashboard = run === undefined
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(isDashboard)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<div id="app"><noscript>This page needs JavaScript: it draws the run that it holds.</noscript></div>
${isDashboard ? '' : `<script type="application/octet-stream" id="run">${run}</script>\n`}<script type="module">${script}</script>
</body>
</html>
`
}

/** Without exceptions: no other script, style, address, frame or form. `frame-ancestors` counts in a header alone. */
export const policy = (isDashboard: boolean): string => [
  "default-src 'none'", `script-src '${scriptHash}'`, `style-src '${styleHash}'`, 'img-src data:', ...(isDashboard ? ["connect-src 'self'"] : []),
  "base-uri 'none'", "form-action 'none'",
].join('; ')

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`).replace(/\p{Cc}/gu, ' ')
