/**
 * What a company's own systems would be: a customer database, a guide to search, a weather service. They are stand-ins,
 * each with a pause of about the length that the real thing takes, so that the report has something to show.
 */
import type { Pause } from '../replay/pause.ts'

export interface Customer {
  readonly id: string
  readonly name: string
  readonly home: string
  readonly weatherAtHome: string
}

export interface Services {
  findCustomer(id: string): Promise<Customer>
  searchGuides(question: string): Promise<readonly string[]>
  currentWeather(where: { readonly location: string }): Promise<string>
  multiply(numbers: { readonly a: number; readonly b: number }): string
  saveNote(customer: Customer, note: string, embedding: readonly number[]): Promise<void>
}

const customers: readonly Customer[] = [
  { id: 'c-1042', name: 'John Smith', home: 'New York, NY', weatherAtHome: '65 degrees and cloudy' },
]

const guides: readonly string[] = [
  'Seattle: rain is likely from October to May; changes of flights because of the weather are free.',
  'San Francisco: mild all year, fog in summer; pack a jacket for the evening.',
  'Loyalty: each night in a partner hotel earns points, which are booked a week after the stay.',
]

const weather: Readonly<Record<string, string>> = {
  'Seattle, WA': '50 degrees and raining',
  'San Francisco, CA': '70 degrees and sunny',
}

export const standIns = (pause: Pause): Services => ({
  findCustomer: async (id) => {
    await pause(60)
    const customer = customers.find((one) => one.id === id)
    if (customer === undefined) throw new Error(`no customer has the id ${id}`)
    return customer
  },

  searchGuides: async (question) => {
    await pause(140)
    const words = question.toLowerCase().match(/[a-z]{4,}/g) ?? []
    return guides.filter((guide) => words.some((word) => guide.toLowerCase().includes(word)))
  },

  currentWeather: async ({ location }) => {
    await pause(location.startsWith('Seattle') ? 430 : 380)
    return weather[location] ?? `no weather is known for ${location}`
  },

  multiply: ({ a, b }) => String(a * b),

  saveNote: async (_customer, _note, _embedding) => {
    await pause(40)
  },
})
