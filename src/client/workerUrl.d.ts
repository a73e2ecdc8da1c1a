/** What Vite makes of such an import: the URL of the built worker. */
declare module "*?worker&url" {
  const url: string;
  export default url;
}
