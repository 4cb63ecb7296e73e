/** Beyond this many, comparing each with its neighbours takes longer than a sort of the engine's. */
const FEW = 48

/** Sorts the first `count` places in place; nothing is allocated for a few, and next to nothing done where they are sorted already. */
export function sortPlaces(places: Int32Array, count: number, compare: (a: number, b: number) => number): void {
  let sorted = 1
  while (sorted < count && compare(places[sorted - 1]!, places[sorted]!) <= 0) sorted++
  if (sorted >= count) return
  if (count > FEW) {
    places.subarray(0, count).sort(compare)
    return
  }
  for (let i = sorted; i < count; i++) {
    const place = places[i]!
    let at = i
    for (; at > 0 && compare(places[at - 1]!, place) > 0; at--) places[at] = places[at - 1]!
    places[at] = place
  }
}

/** The same for numbers, the smallest first. */
export function sortNumbers(numbers: Float64Array, count: number): void {
  if (count > FEW) {
    numbers.subarray(0, count).sort()
    return
  }
  for (let i = 1; i < count; i++) {
    const number = numbers[i]!
    let at = i
    for (; at > 0 && numbers[at - 1]! > number; at--) numbers[at] = numbers[at - 1]!
    numbers[at] = number
  }
}
