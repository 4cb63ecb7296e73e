import { color } from '../../canvas/colors.ts'

const SIZE = 6
const patterns = new Map<string, CanvasPattern>()

/** Stripes of a colour on the card's own: work that nobody waited for. */
export function hatch(context: CanvasRenderingContext2D, fill: string): CanvasPattern | string {
  const ground = color('--surface')
  const key = `${fill} ${ground}`
  const known = patterns.get(key)
  if (known !== undefined) return known
  const tile = document.createElement('canvas')
  tile.width = SIZE
  tile.height = SIZE
  const paint = tile.getContext('2d')
  if (paint === null) return fill
  paint.fillStyle = ground
  paint.fillRect(0, 0, SIZE, SIZE)
  paint.strokeStyle = fill
  paint.lineWidth = 2.5
  paint.beginPath()
  for (const shift of [-SIZE, 0, SIZE]) {
    paint.moveTo(shift - 1, SIZE + 1)
    paint.lineTo(shift + SIZE + 1, -1)
  }
  paint.stroke()
  const pattern = context.createPattern(tile, 'repeat')
  if (pattern === null) return fill
  patterns.set(key, pattern)
  return pattern
}
