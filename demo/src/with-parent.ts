/** Loaded into a program that is not ours: it ends when whoever has started it is gone. */
process.on('disconnect', () => process.exit(1))
