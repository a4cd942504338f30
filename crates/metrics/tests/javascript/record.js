// Says what the JavaScript exporter for Prometheus writes of the instruments and values that `tests/it/javascript.rs` has, too:
// `npm install @opentelemetry/api@1.9.1 @opentelemetry/exporter-prometheus@0.223.0 @opentelemetry/sdk-metrics@2.12.1 @opentelemetry/resources@2.12.1`
// in a directory of its own, then `node record.js > exported.txt` there.
const { MeterProvider } = require('@opentelemetry/sdk-metrics');
const { PrometheusExporter } = require('@opentelemetry/exporter-prometheus');
const { resourceFromAttributes } = require('@opentelemetry/resources');

const reader = new PrometheusExporter({ preventServerStart: true });
const resource = resourceFromAttributes({ 'service.name': 'backstage' });
const provider = new MeterProvider({ readers: [reader], resource });

const catalog = provider.getMeter('backstage-plugin-catalog');
const processed = catalog.createCounter('catalog.processed.entities.count', { description: 'Amount of entities processed' });
processed.add(3, { result: 'unchanged' });
processed.add(1, { result: 'failed' });
const stitching = catalog.createHistogram('catalog.stitching.duration', { description: 'Time spent\nstitching', unit: 'seconds' });
stitching.record(0.1, { result: 'changed' });
stitching.record(7, { result: 'changed' });
stitching.record(20000);
const entities = catalog.createObservableGauge('catalog_entities_count', { description: 'Total amount of entities in the catalog' });
entities.addCallback(result => {
  result.observe(12, { kind: 'component' });
  result.observe(2.5, { kind: 'say "hi"\\\n' });
});

const scheduler = provider.getMeter('tasks-meter', '1.2.3', { schemaUrl: 'https://example.com/schema' });
const runs = scheduler.createHistogram('backend_tasks.task.runs.duration', {
  unit: 's',
  advice: { explicitBucketBoundaries: [0.01, 0.5, 1, 60] },
});
runs.record(0.01, { taskId: 'refresh', scope: 'local', attempt: 2, last: true });
runs.record(61, { taskId: 'refresh', scope: 'local', attempt: 2, last: true });
const started = scheduler.createGauge('backend_tasks.task.runs.started', { description: 'Epoch', unit: 'seconds' });
started.record(1764547200.25, { taskId: 'refresh' });
const open = scheduler.createUpDownCounter('queue--open/now', { description: 'Open', unit: '{item}' });
open.add(5, { 'queue.name': 'a', 'ratio': 0.1 });
open.add(-7, { 'queue.name': 'a', 'ratio': 0.1 });
const done = scheduler.createCounter('done_total', { unit: '1' });
done.add(0.5);
done.add(-4);
const cpu = scheduler.createObservableCounter('cpu.time', { unit: 's' });
cpu.addCallback(result => result.observe(1e21, { mode: 'user' }));

reader.collect().then(({ resourceMetrics }) => {
  process.stdout.write(reader._serializer.serialize(resourceMetrics));
});
