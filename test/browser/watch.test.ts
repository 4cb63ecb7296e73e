import { expect, test } from 'vitest'
import { inBrowser } from '../support/browser.ts'

/** A page that does something that no page of ours may do. */
const pageThat = (script: string, policy = ''): string => `<!doctype html>
<meta charset="utf-8">${policy === '' ? '' : `<meta http-equiv="Content-Security-Policy" content="${policy}">`}
<title>x</title><h1>x</h1><script>${script}; document.title = 'done'</script>`

inBrowser('what the tests of the page notice', (desk) => {
  test.each([
    ['a request', `fetch('http://127.0.0.1:9/x').catch(() => {})`, /^request: GET http:\/\/127\.0\.0\.1:9\/x/],
    ['an image', `new Image().src = 'http://127.0.0.1:9/x.gif'`, /^request: GET .*x\.gif/],
    ['a style', `document.head.insertAdjacentHTML('beforeend', '<link rel=stylesheet href="file:///x.css">')`, /^request: GET file:\/\/\/x\.css/],
    ['a word on the console', `console.error('hello')`, /^console: hello/],
    ['an error', `setTimeout(() => { throw new Error('broken') })`, /^error: Error: broken/],
    ['a promise that nobody takes', `Promise.reject(new Error('broken'))`, /^error: Error: broken/],
    ['a dialog', `setTimeout(() => alert(1))`, /^dialog: 1/],
    ['a window', `document.querySelector('h1').onclick = () => open('about:blank')`, /^window: /],
    ['another document', `document.querySelector('h1').onclick = () => { location.href = 'about:blank' }`, /^navigation: about:blank|^request: GET about:blank/],
    ['a frame', `document.body.insertAdjacentHTML('beforeend', '<iframe srcdoc="x"></iframe>')`, /^frame: about:srcdoc/],
    ['a download', `Object.assign(document.createElement('a'), { href: 'data:text/plain,x', download: 'x.txt' }).click()`, /^download: x\.txt/],
  ])('%s', async (_, script, problem) => {
    const page = await desk.openFile(pageThat(script))
    await page.locator('h1').click({ force: true, timeout: 2_000 }).catch(() => {})
    await expect.poll(() => desk.seen().join('\n'), { timeout: 10_000 }).toMatch(new RegExp(problem.source, 'm'))
    desk.expecting(/./)
  })

  test('a breach of its policy', async () => {
    await desk.openFile(pageThat('', `script-src 'none'`))
    await expect.poll(() => desk.seen().join('\n'), { timeout: 10_000 }).toMatch(/^console: .*Content Security Policy/m)
    desk.expecting(/./)
  })
})
