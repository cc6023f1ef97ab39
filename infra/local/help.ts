/** Prints the text where `args` ask for it (`--help`, `-h`), and says whether they did: then there is nothing else to do. */
export function printsHelp(args: string[], text: string): boolean {
  const asked = args.includes('--help') || args.includes('-h');
  if (asked) process.stdout.write(text);
  return asked;
}
