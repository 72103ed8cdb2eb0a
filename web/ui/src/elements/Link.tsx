/** A link within the page: an ordinary address, followed without loading the page again. */
import type { ComponentChildren } from 'preact'
import { go } from '../view/place.ts'

interface LinkProps {
  href: string
  children: ComponentChildren
  class?: string
  title?: string
}

export function Link({ href, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(href)
    window.scrollTo(0, 0)
  }
  return (
    <a href={href} onClick={follow} {...rest}>
      {children}
    </a>
  )
}
