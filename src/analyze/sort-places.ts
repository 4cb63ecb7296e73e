/** Beyond this many, comparing each with its neighbours takes longer than a sort of the engine's. */
const FEW = 48

/**
 * Sorts the first `count` places by their times, in place; nothing is allocated for a few.
 * @param compare default: ascending, and of equal times the smaller place first
 */
export function sortPlaces(
  places: Int32Array, count: number, times: Float64Array, compare: (a: number, b: number) => number = (a, b) => times[a]! - times[b]! || a - b,
): void {
  if (count > FEW) {
    places.subarray(0, count).sort(compare)
    return
  }
  for (let i = 1; i < count; i++) {
    const place = places[i]!
    let at = i
    for (; at > 0 && compare(places[at - 1]!, place) > 0; at--) places[at] = places[at - 1]!
    places[at] = place
  }
}
