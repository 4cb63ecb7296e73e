import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Range } from '../../viewer/ui/canvas/range.ts'
import type { RunModel } from '../../viewer/ui/run/run-model.ts'
import { boundsOf } from '../../viewer/ui/timeline/bounds.ts'
import { layOut, type Layout } from '../../viewer/ui/timeline/layout.ts'
import { treeOf, type Times } from '../../viewer/ui/timeline/tree.ts'
import { AXIS_HEIGHT, barTop, COMPACT, rowSizeFor, toTime, toX, type Viewport } from '../../viewer/ui/timeline/viewport.ts'

export interface Spot {
  readonly x: number
  readonly y: number
}

/** A chart's canvas has no elements: where a span is drawn comes from the layout that the chart itself goes by. */
export class Chart {
  readonly page: Page
  readonly run: RunModel
  readonly canvas: Locator
  readonly whole: Range
  readonly #times: Times
  readonly #layout: Layout
  readonly #isCompact: boolean

  constructor(page: Page, run: RunModel, label: string, { times = run.spans, end, isCompact = false }: { readonly times?: Times; readonly end?: number; readonly isCompact?: boolean } = {}) {
    this.page = page
    this.run = run
    this.canvas = page.getByRole('application', { name: label })
    this.whole = boundsOf(run.spans, end)
    this.#times = times
    this.#layout = layOut(treeOf(run.spans.parent), times)
    this.#isCompact = isCompact
  }

  /** The place of the span of that name, or of the second one with `name#2`. */
  placeOf(name: string): number {
    const [plain, number = '1'] = name.split('#')
    const place = Array.from({ length: this.run.count }, (_, i) => i).filter((i) => this.run.name(i) === plain)[Number(number) - 1]
    if (place === undefined) throw new Error(`no span ${name}`)
    return place
  }

  /** What is in view, ns, as the map of the whole run has it; the address has it a moment later. Without a map, all. */
  async range(): Promise<Range> {
    const shares = await this.page.evaluate(() => {
      const style = document.querySelector<HTMLElement>('.minimap .window')?.style
      return style === undefined ? [0, 100] : [style.left, style.width].map((text) => Number(/([\d.e-]+)%/.exec(text)![1]))
    })
    const [left, width] = shares.map((share) => (share / 100) * (this.whole.to - this.whole.from))
    return { from: this.whole.from + left!, to: this.whole.from + left! + width! }
  }

  /** Waits until what is in view passes. */
  async untilRange(passes: (range: Range) => boolean): Promise<Range> {
    await expect.poll(async () => passes(await this.range())).toBe(true)
    return await this.range()
  }

  async expectRange({ from, to }: Range): Promise<void> {
    // As exact as pixels.
    const near = (to - from) / 200
    await this.untilRange((range) => Math.abs(range.from - from) < near && Math.abs(range.to - to) < near)
  }

  async #view(given?: Range): Promise<{ readonly view: Viewport; readonly left: number; readonly top: number }> {
    const [box, range] = [(await this.canvas.boundingBox())!, given ?? await this.range()]
    const size = this.#isCompact ? COMPACT : rowSizeFor(this.#layout.rows)
    return { view: { range, width: box.width, height: box.height - AXIS_HEIGHT, top: 0, size }, left: box.x, top: box.y }
  }

  /** Within the span's bar, on the page. @param share of its length */
  async spot(name: string, share = 0.5, range?: Range): Promise<Spot> {
    const { view, left, top } = await this.#view(range)
    const i = this.placeOf(name)
    const time = this.#times.start[i]! + (this.#times.end[i]! - this.#times.start[i]!) * share
    return { x: left + toX(view, time), y: top + barTop(view, this.#layout.row[i]!) + view.size.bar / 2 }
  }

  /** On the axis, at a moment of milliseconds since the run began. */
  async axis(ms: number): Promise<Spot> {
    const { view, left, top } = await this.#view()
    return { x: left + toX(view, ms * 1e6 + this.run.startNs), y: top + AXIS_HEIGHT / 2 }
  }

  /** In no bar. */
  async nowhere(): Promise<Spot> {
    const box = (await this.canvas.boundingBox())!
    return { x: box.x + box.width / 2, y: box.y + box.height - 3 }
  }

  async timeAt({ x }: Spot): Promise<number> {
    const { view, left } = await this.#view()
    return toTime(view, x - left)
  }

  async hover(name: string, share?: number): Promise<void> {
    const { x, y } = await this.spot(name, share)
    await this.page.mouse.move(x, y)
  }

  async click(name: string, share?: number): Promise<void> {
    const { x, y } = await this.spot(name, share)
    await this.page.mouse.click(x, y)
  }

  async drag(from: Spot, to: Spot): Promise<void> {
    await this.page.mouse.move(from.x, from.y)
    await this.page.mouse.down()
    await this.page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2)
    await this.page.mouse.move(to.x, to.y)
    await this.page.mouse.up()
  }

  async pixels(spot: Spot, half?: number): Promise<string> {
    return await pixelsAt(this.canvas, spot, half)
  }

  /** Waits until the square is drawn in another way than it was. */
  async untilDrawnAnew(spot: Spot, before: string, half?: number): Promise<void> {
    await expect.poll(() => this.pixels(spot, half)).not.toBe(before)
  }
}

/** Colours of a square of a canvas around a spot of the page. */
export async function pixelsAt(canvas: Locator, { x, y }: Spot, half = 3): Promise<string> {
  const box = (await canvas.boundingBox())!
  return await canvas.evaluate((element, [cx, cy, r]) => {
    const copy = new OffscreenCanvas(r * 2, r * 2).getContext('2d', { willReadFrequently: true })!
    copy.drawImage(element as HTMLCanvasElement, Math.round(r - cx), Math.round(r - cy))
    return [...copy.getImageData(0, 0, r * 2, r * 2).data].join()
  }, [x - box.x, y - box.y, half] as const)
}

/** What a screen reader is told of the span that the keys are at. */
export const said = (page: Page, nth = 0): Promise<string | null> => page.locator('.timeline-scroll [aria-live]').nth(nth).textContent()

export const drawerTitle = (page: Page): Promise<string | null> => page.locator('.drawer h2').first().textContent()

export async function expectNoDrawer(page: Page): Promise<void> {
  await page.locator('.drawer').waitFor({ state: 'detached' })
}
