/** The house rules on who may import whom. Types count: a type-only import is a dependency of the reader's mind. */
const engines = "^runtime/engines/([^/]+)/";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-unresolved", comment: "an import that resolves to nothing", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "grammar-imports-no-other-layer",
      severity: "error",
      from: { path: "^grammar/" },
      to: { path: "^(compiler|runtime|tests|pipelines|docs)/" },
    },
    {
      name: "compiler-imports-grammar-only",
      severity: "error",
      from: { path: "^compiler/" },
      to: { path: "^(runtime|tests|pipelines|docs)/" },
    },
    {
      name: "grammar-and-compiler-are-pure",
      comment:
        "no files, clock, GPU or globals: no Node builtin may be imported (the generator of the CST types is a script, not the grammar)",
      severity: "error",
      from: { path: "^(grammar|compiler)/", pathNot: "^grammar/generate-" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "compiler-has-no-packages",
      severity: "error",
      from: { path: "^compiler/" },
      to: { path: "node_modules/" },
    },
    { name: "sources-import-no-tests", severity: "error", from: { path: "^(grammar|compiler|runtime)/" }, to: { path: "^(tests|docs)/" } },
    {
      name: "nobody-imports-the-cli",
      severity: "error",
      from: { path: "^(grammar|compiler|runtime)/", pathNot: "^runtime/cli/" },
      to: { path: "^runtime/cli/" },
    },
    {
      name: "engines-never-import-each-other",
      severity: "error",
      from: { path: engines },
      to: { path: "^runtime/engines/[^/]+/", pathNot: "^runtime/engines/$1/" },
    },
    {
      name: "engines-are-connectors",
      comment:
        "an engine sees the plan, the kernels and the graph, the engine interface, host arrays, files and user errors; no stage that decides",
      severity: "error",
      from: { path: engines },
      to: {
        path: "^(grammar|compiler|runtime)/",
        pathNot: [
          "^grammar/(span|diagnostic)\\.ts$",
          "^compiler/(compile|target)\\.ts$",
          "^compiler/(plan|kernel|graph)/",
          "^runtime/(engine|user-error|package-root|parse-bytes)\\.ts$",
          "^runtime/data/(host-array|half|atomic-write|system-error)\\.ts$",
          "^runtime/engines/$1/",
        ],
      },
    },
    {
      name: "a-pass-never-imports-a-pass",
      comment: "what passes share (axes, regions, the forming of tiles) lives in sweeps/ and saved/; the order of work is pipeline.ts",
      severity: "error",
      from: { path: "^compiler/passes/", pathNot: "^compiler/passes/pipeline\\.ts$" },
      to: {
        path: "^compiler/passes/",
        pathNot: "^compiler/passes/(pass|(sweeps|saved)/[^/]+)\\.ts$",
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|node_modules/\\.)" },
    tsConfig: { fileName: "tsconfig.base.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      mainFields: ["main", "types"],
    },
  },
};
