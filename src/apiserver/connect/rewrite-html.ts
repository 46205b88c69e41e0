/** Attributes that hold addresses, by upstream's list. */
const attribute =
  /(<[a-z][^>]*?\s(?:action|background|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|poster|profile|src|usemap)\s*=\s*)("[^"]*"|'[^']*')/gi

/** Makes links of a page that comes through the proxy lead through it too. */
export function rewriteHtml(page: string, prefix: string, origin: string): string {
  let text = page
  // One tag may have several; each pass rewrites one of them.
  for (let pass = 0; pass < 4; pass += 1) {
    const next = text.replace(attribute, (whole, before: string, quoted: string) => {
      const quote = quoted[0]!
      const rewritten = rewriteLink(quoted.slice(1, -1), prefix, origin)
      return rewritten === undefined ? whole : `${before}${quote}${rewritten}${quote}`
    })
    if (next === text) break
    text = next
  }
  return text
}

/** Where a link leads through the proxy; undefined when it may stay as it is. */
export function rewriteLink(link: string, prefix: string, origin: string): string | undefined {
  if (link.startsWith(`${prefix}/`) || link === prefix) return undefined
  if (link.startsWith('/') && !link.startsWith('//')) return prefix + link
  if (link.startsWith(`${origin}/`)) return prefix + link.slice(origin.length)
  return undefined
}
