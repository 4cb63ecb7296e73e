import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

export interface Point {
  /** On the canvas, CSS pixels. */
  readonly x: number
  readonly y: number
}

/** The span that was met, if any was. By the second click of two something else may be there: the details of what was selected take room. */
export interface Tapped {
  readonly span: number | undefined
}

/** What the pointer does, in pixels of the canvas. */
export interface Gestures {
  /** @param factor below 1 looks closer */
  readonly onZoom: (factor: number, x: number) => void
  readonly onPan: (dx: number, dy: number) => void
  /** @returns what a double click that begins with it is for; undefined: the second click is one of its own */
  readonly onTap: (point: Point) => Tapped | undefined
  readonly onDouble: (tapped: Tapped) => void
  /** Undefined: the pointer is elsewhere, or drags. */
  readonly onHover: (point: Point | undefined) => void
  /** A stretch of the axis; `done` when it was let go, undefined when it was given up. */
  readonly onChoose: (from: number, to: number, state: 'going on' | 'done' | 'given up') => void
  readonly isAxis: (point: Point) => boolean
}

/** Less is a click. */
const MOVED = 4

/** Wheel, mouse and fingers on a canvas. Scrolling up and down is the browser's, but for dragging with a mouse. */
export function useGestures(canvas: RefObject<HTMLCanvasElement | null>, gestures: Gestures): void {
  const latest = useRef(gestures)
  latest.current = gestures
  useEffect(() => {
    const element = canvas.current
    if (element === null) return undefined
    const pointers = new Pointers(element, latest)
    return pointers.listen()
  }, [])
}

class Pointers {
  readonly #element: HTMLCanvasElement
  readonly #gestures: RefObject<Gestures>
  readonly #down = new Map<number, Point>()
  #began: Point = { x: 0, y: 0 }
  #mode: 'none' | 'pressed' | 'pan' | 'choose' | 'pinch' = 'none'
  /** Whether the click to come is one, and not the end of a drag; and the first of two. */
  #isTap = false
  #tapped: Tapped | undefined

  constructor(element: HTMLCanvasElement, gestures: RefObject<Gestures>) {
    this.#element = element
    this.#gestures = gestures
  }

  listen(): () => void {
    const stop = new AbortController()
    const { signal } = stop
    const element = this.#element
    element.addEventListener('wheel', (event) => this.#wheel(event), { passive: false, signal })
    element.addEventListener('pointerdown', (event) => this.#press(event), { signal })
    element.addEventListener('pointermove', (event) => this.#move(event), { signal })
    element.addEventListener('pointerup', (event) => this.#release(event, true), { signal })
    element.addEventListener('pointercancel', (event) => this.#release(event, false), { signal })
    element.addEventListener('pointerleave', () => this.#on.onHover(undefined), { signal })
    element.addEventListener('click', (event) => this.#click(event), { signal })
    addEventListener('click', (event) => this.#clickSecond(event), { capture: true, signal })
    return () => stop.abort()
  }

  get #on(): Gestures {
    return this.#gestures.current!
  }

  #at(event: MouseEvent): Point {
    const { left, top } = this.#element.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }

  #wheel(event: WheelEvent): void {
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      // A pinch on a touch pad comes as a wheel with small steps.
      this.#on.onZoom(Math.exp(Math.max(-80, Math.min(80, event.deltaY * unit)) * 0.006), this.#at(event).x)
      return
    }
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX
    if (!event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return
    event.preventDefault()
    this.#on.onPan(sideways * unit, 0)
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return
    const at = this.#at(event)
    this.#down.set(event.pointerId, at)
    // Let go outside, it is let go all the same.
    this.#element.setPointerCapture(event.pointerId)
    this.#isTap = false
    if (this.#down.size === 2) {
      this.#giveUp()
      this.#mode = 'pinch'
    } else if (this.#down.size === 1) {
      this.#began = at
      this.#mode = 'pressed'
    }
  }

  #move(event: PointerEvent): void {
    const at = this.#at(event)
    const before = this.#down.get(event.pointerId)
    if (before === undefined) {
      if (event.pointerType !== 'touch') this.#on.onHover(at)
      return
    }
    if (this.#mode === 'pinch') {
      this.#pinch(event.pointerId, before, at)
      return
    }
    if (this.#mode === 'pressed' && Math.hypot(at.x - this.#began.x, at.y - this.#began.y) > MOVED) {
      this.#mode = this.#on.isAxis(this.#began) && event.pointerType !== 'touch' ? 'choose' : 'pan'
      this.#on.onHover(undefined)
    }
    if (this.#mode === 'choose') this.#on.onChoose(this.#began.x, at.x, 'going on')
    if (this.#mode !== 'pan') return
    this.#element.dataset['panning'] = ''
    this.#on.onPan(before.x - at.x, event.pointerType === 'touch' ? 0 : before.y - at.y)
    this.#down.set(event.pointerId, at)
  }

  #pinch(id: number, before: Point, at: Point): void {
    const other = [...this.#down].find(([one]) => one !== id)?.[1]
    this.#down.set(id, at)
    if (other === undefined) return
    const wasApart = Math.max(12, Math.abs(before.x - other.x))
    const isApart = Math.max(12, Math.abs(at.x - other.x))
    const middle = (at.x + other.x) / 2
    this.#on.onPan((before.x + other.x) / 2 - middle, 0)
    this.#on.onZoom(wasApart / isApart, middle)
  }

  #release(event: PointerEvent, isDone: boolean): void {
    if (!this.#down.delete(event.pointerId)) return
    const at = this.#at(event)
    const mode = this.#mode
    if (mode === 'pinch') {
      // The finger that stays does not go on to drag.
      if (this.#down.size === 0) this.#mode = 'none'
      return
    }
    if (mode === 'choose' && isDone) {
      this.#mode = 'none'
      this.#on.onChoose(this.#began.x, at.x, 'done')
      return
    }
    this.#isTap = mode === 'pressed' && isDone
    this.#giveUp()
  }

  #click(event: MouseEvent): void {
    if (!this.#isTap) return
    this.#tapped = this.#on.onTap(this.#at(event))
  }

  /** The second click of two, wherever it meets the page by now. */
  #clickSecond(event: MouseEvent): void {
    const tapped = this.#tapped
    this.#tapped = undefined
    if (tapped === undefined || event.detail !== 2) return
    event.preventDefault()
    event.stopPropagation()
    this.#on.onDouble(tapped)
  }

  #giveUp(): void {
    if (this.#mode === 'choose') this.#on.onChoose(0, 0, 'given up')
    delete this.#element.dataset['panning']
    this.#mode = 'none'
  }
}
