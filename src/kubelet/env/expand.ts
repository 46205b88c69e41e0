const reference = /\$(?:\$|\(([^()]*)\))/g

/** Replaces `$(NAME)` where the name is known; `$$(NAME)` stands for the text `$(NAME)`. What is not known stays. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(reference, (all, name: string | undefined) => (name === undefined ? '$' : (lookup(name) ?? all)))
}
