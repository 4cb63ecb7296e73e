import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { chromiumPath, CHROMIUM_ARGS } from '../../bench/chromium.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'


export type Theme = 'light' | 'dark'
export const THEMES: readonly Theme[] = ['light', 'dark']
/** A desk and a phone. */
export const WIDTHS = [1280, 390] as const

export interface Looking {
  readonly width?: number
  readonly theme?: Theme
  /** What stands behind the `#`. */
  readonly hash?: string
  /** Adds requests that are fine beside the document itself. */
  readonly mayAsk?: (url: string) => boolean
}

/**
 * Tests of a page in Chromium, one browser for all of them. Whatever a page does that no page of ours may do (a request, an error, a
 * word on the console, a breach of its policy, a dialog, a window, another document) fails the test at its end.
 */
export function inBrowser(name: string, body: (desk: BrowserDesk) => void): void {
  if (chromiumPath === undefined) {
    if (process.env['CI']) test(name, () => expect.fail('there is no Chromium here: apt-get install chromium, or name one in CHROMIUM'))
    else console.warn(`${name}: skipped, there is no Chromium here (apt-get install chromium, or name one in CHROMIUM)`)
    describe.skip(name, () => body(new BrowserDesk()))
    return
  }
  describe(name, { timeout: 60_000 }, () => {
    const desk = new BrowserDesk()
    beforeAll(() => desk.start(), 60_000)
    afterEach(() => desk.check())
    afterAll(() => desk.end())
    body(desk)
  })
}

export class BrowserDesk {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'spanwise-browser-'))
  readonly #contexts: BrowserContext[] = []
  readonly #problems: string[] = []
  readonly #expected: RegExp[] = []
  #browser: Browser | undefined
  #files = 0

  async start(): Promise<void> {
    // Its profile is new and empty: Playwright makes a folder for it, and takes it away.
    this.#browser = await chromium.launch({ executablePath: chromiumPath!, args: [...CHROMIUM_ARGS] })
  }

  /** A file on disk, as the address of it. */
  write(content: string, name = `${++this.#files}.html`): string {
    const path = join(this.#folder, name)
    writeFileSync(path, content)
    return pathToFileURL(path).href
  }

  /** Opens the file offline, and waits until it shows something. */
  async openFile(html: string, looking: Looking = {}): Promise<Page> {
    return await this.openUrl(this.write(html), looking, true)
  }

  async openUrl(url: string, { width = 1280, theme = 'light', hash = '', mayAsk = () => false }: Looking = {}, offline = false): Promise<Page> {
    const context = await this.#browser!.newContext({ viewport: { width, height: 900 }, colorScheme: theme, offline, reducedMotion: 'reduce' })
    this.#contexts.push(context)
    const page = await context.newPage()
    this.#watch(page, url, mayAsk)
    await page.goto(url + hash)
    await shown(page)
    return page
  }

  /** Another page of the same browser, which shares what it remembers. */
  async openAgain(page: Page): Promise<Page> {
    const another = await page.context().newPage()
    this.#watch(another, page.url(), () => false)
    await another.goto(page.url())
    await shown(another)
    return another
  }

  #watch(page: Page, url: string, mayAsk: (url: string) => boolean): void {
    const tell = (problem: string): void => void this.#problems.push(problem)
    const isDocument = (asked: string): boolean => withoutHash(asked) === withoutHash(url)
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') tell(`console: ${message.text()}`)
    })
    page.on('pageerror', (error) => tell(`error: ${error.stack ?? error.message}`))
    page.on('dialog', (dialog) => {
      tell(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('popup', (popup) => tell(`window: ${popup.url()}`))
    page.on('download', (download) => tell(`download: ${download.suggestedFilename()}`))
    page.on('request', (request) => {
      if (!(request.isNavigationRequest() && isDocument(request.url())) && !mayAsk(request.url())) tell(`request: ${request.method()} ${request.url().slice(0, 200)}`)
    })
    page.on('framenavigated', (frame) => {
      if (frame !== page.mainFrame()) tell(`frame: ${frame.url()}`)
      else if (!isDocument(frame.url())) tell(`navigation: ${frame.url()}`)
    })
    page.on('crash', () => tell('the page crashed'))
  }

  /** To the end of the test, these are none: what is asked for can be answered late. */
  expecting(problem: RegExp): void {
    this.#expected.push(problem)
  }

  /** The problems so far. */
  seen(): readonly string[] {
    return this.#problems
  }

  /** @returns and forgets the problems so far, for a test that expects some */
  takeProblems(): string[] {
    return this.#problems.splice(0).filter((problem) => !this.#expected.some((expected) => expected.test(problem)))
  }

  async check(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()))
    const problems = this.takeProblems()
    this.#expected.length = 0
    expect(problems).toEqual([])
  }

  async end(): Promise<void> {
    await this.#browser?.close()
    rmSync(this.#folder, { recursive: true })
  }
}

const withoutHash = (url: string): string => url.replace(/#.*$/, '')

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly help: string; readonly nodes: readonly { readonly target: unknown; readonly html: string; readonly failureSummary?: string }[] }[]
}
declare const axe: { run: (context: unknown, options: object) => Promise<AxeResults> }

/** In both themes and at both widths, which the page is left at as it was. All rules that axe has on, and the experimental ones. */
export async function expectNoAxeViolations(page: Page, themes: readonly Theme[] = THEMES): Promise<void> {
  const before = page.viewportSize()!
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axeSource)
  const found: string[] = []
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: before.height })
    // What has become too wide learns of it in the next frame.
    await drawn(page)
    for (const theme of themes) {
      await setTheme(page, theme)
      found.push(...(await axeViolations(page)).map((text) => `${width} ${theme} ${text}`))
    }
  }
  await page.setViewportSize(before)
  expect.soft(found).toEqual([])
}

async function axeViolations(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(async () => await axe.run(document, { rules: { 'css-orientation-lock': { enabled: true }, 'focus-order-semantics': { enabled: true }, 'label-content-name-mismatch': { enabled: true }, 'p-as-heading': { enabled: true }, 'table-fake-caption': { enabled: true }, 'td-has-header': { enabled: true } } }))
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, html, failureSummary = '' }) =>
    `${id}: ${help}: ${JSON.stringify(target)} ${html.slice(0, 200)} ${failureSummary.replaceAll('\n', ' ').slice(0, 200)}`))
}

/** As the system would change it. */
export async function setTheme(page: Page, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
  await page.waitForFunction((wanted) => document.documentElement.dataset['theme'] === wanted, theme)
}

/** Waits for the next two frames, by when whatever was going to be drawn has been. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
}

/** What is opened is drawn, and hears keys: while it is unpacked, there is a heading too. */
const shown = (page: Page): Promise<void> => page.locator('h1', { hasNotText: 'Opening the run' }).first().waitFor()
