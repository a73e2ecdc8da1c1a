/** Read by the build, the linter and svelte-check alike: every component is in runes mode. */
export default { compilerOptions: { runes: true } };
