/** `attachment; filename="run.html"` */
export function fileNameIn(disposition: string | null): string | undefined {
  const [, quoted, plain] = /filename="([^"]+)"|filename=([^;"\s]+)/i.exec(disposition ?? '') ?? []
  return quoted ?? plain
}
