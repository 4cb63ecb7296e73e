import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { chromiumPath, CHROMIUM_ARGS } from '../chromium.ts'
import { least, median, type Case, type Figure } from '../harness.ts'
import { largeTrace } from '../large-trace.ts'

const OPENINGS = 5
const FRAMES = 40
const SIZES = [[10_000, 1_000], [100_000, 3_000]] as const

/** In the page, before anything of its own: when the first frame was drawn, and how long each frame takes once it is asked for. */
const WATCH = `(() => {
  const context = CanvasRenderingContext2D.prototype
  let marks = 0
  for (const name of ['fillRect', 'fill', 'fillText', 'stroke']) {
    const draw = context[name]
    context[name] = function (...given) { marks++; return draw.apply(this, given) }
  }
  const look = () => {
    // A frame of bars: more than rulers and labels.
    if (marks > 40 && document.querySelector('#tab-timeline[aria-selected="true"]')) window.drawnAt = performance.now()
    else { marks = 0; requestAnimationFrame(() => setTimeout(look)) }
  }
  requestAnimationFrame(() => setTimeout(look))
})()`

/** Zooms and pans as a hand on a wheel would, and gives how long the main thread was busy with each frame. */
const ZOOM = `new Promise((resolve) => {
  const canvases = [...document.querySelectorAll('#panel canvas')]
  const canvas = canvases.sort((a, b) => b.height * b.width - a.height * a.width)[0]
  const { left, top, width, height } = canvas.getBoundingClientRect()
  const times = []
  const step = (i) => {
    if (i === ${FRAMES}) return resolve(times)
    const begin = performance.now()
    canvas.dispatchEvent(new WheelEvent('wheel', {
      deltaY: i < ${FRAMES / 2} ? -60 : 60, ctrlKey: true, clientX: left + width / 3, clientY: top + height / 2, bubbles: true, cancelable: true,
    }))
    // Asked for after the page's own, so called after it.
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => step(i + 1))))
    requestAnimationFrame(() => times.push(performance.now() - begin))
  }
  step(0)
})`

interface Opening {
  readonly drawnMs: number
  readonly framesMs: readonly number[]
}

async function open(browser: Browser, url: string): Promise<Opening> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', offline: true })
  try {
    const page = await context.newPage()
    await page.addInitScript(WATCH)
    await page.goto(`${url}#/timeline`)
    await page.waitForFunction(() => 'drawnAt' in globalThis, undefined, { timeout: 60_000, polling: 100 })
    const drawnMs = Number(await page.evaluate('window.drawnAt'))
    return { drawnMs, framesMs: await page.evaluate<number[]>(ZOOM) }
  } finally {
    await context.close()
  }
}

async function measure(): Promise<Figure[]> {
  if (chromiumPath === undefined) return [{ what: 'not measured: there is no Chromium here', unit: '', median: 0 }]
  // Not for the other cases, which measure what a process loads and holds.
  const [{ chromium }, { htmlReport }] = await Promise.all([import('playwright-core'), import('spanwise/html')])
  const folder = mkdtempSync(join(tmpdir(), 'spanwise-bench-'))
  const browser = await chromium.launch({ executablePath: chromiumPath, args: [...CHROMIUM_ARGS] })
  try {
    const figures: Figure[] = []
    for (const [count, limit] of SIZES) {
      const html = htmlReport(largeTrace(count))
      const file = join(folder, `${count}.html`)
      writeFileSync(file, html)
      const openings: Opening[] = []
      for (let i = 0; i < OPENINGS; i++) openings.push(await open(browser, pathToFileURL(file).href))
      const times = openings.map(({ drawnMs }) => drawnMs)
      const frames = openings.flatMap(({ framesMs }) => framesMs)
      const spans = count.toLocaleString('en')
      figures.push(
        { what: `${spans} spans, to the first frame of the timeline`, unit: 'ms', median: median(times), min: least(times), limit, note: `a file of ${(html.length / 1e6).toFixed(1)} MB, ${Math.round(html.length / count)} bytes a span` },
        { what: `${spans} spans, a frame while zooming`, unit: 'ms', median: median(frames), min: least(frames), limit: 50, note: `the slowest of ${frames.length}: ${Math.round(Math.max(...frames))} ms` },
      )
    }
    return figures
  } finally {
    await browser.close()
    rmSync(folder, { recursive: true })
  }
}

export const page: Case = {
  name: 'page',
  title: 'The page',
  how: `An HTML report from disk in headless Chromium without a GPU, ${OPENINGS} times, each in a new profile: wall clock from navigation to the end `
    + `of the first frame in which the timeline’s bars are drawn; then ${FRAMES} steps of zooming, from the wheel to the end of its frame’s work.`,
  measure,
}
