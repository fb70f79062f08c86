/** A `.wasm` import is a compiled module, in workerd and under vitest alike. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
