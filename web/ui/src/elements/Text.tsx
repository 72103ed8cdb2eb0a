/** Text that somebody else chose: a text node of its own direction, in which nothing hides. */
import { shortened, visible } from '../format/text.ts'

/** More than this in one row helps nobody and costs layout. */
const ROW_CHARACTERS = 600

export function Text({ of, whole = false }: { of: string; whole?: boolean }) {
  return <bdi>{visible(whole ? of : shortened(of, ROW_CHARACTERS))}</bdi>
}
