import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { ServerInfo } from '../../api.ts'

/** What the server says of itself; undefined until it has. */
export const ServerContext = createContext<ServerInfo | undefined>(undefined)

export const useServer = (): ServerInfo | undefined => useContext(ServerContext)
