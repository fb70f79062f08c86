/** An Amazon SageMaker real-time endpoint whose container is Triton: InvokeEndpoint, whole or as a stream of events. */
import {
  InvokeEndpointCommand,
  type InvokeEndpointCommandInput,
  InvokeEndpointWithResponseStreamCommand,
  ModelError,
  ModelStreamError,
  type ResponseStream,
  SageMakerRuntimeClient,
  SageMakerRuntimeServiceException,
} from "@aws-sdk/client-sagemaker-runtime";
import { Exchange, exchangeHandler, type SendOptions } from "./aws/exchange.ts";
import { awsVerdict } from "./aws/verdict.ts";
import type { StepSource } from "./contract.ts";
import { Fault } from "./fault.ts";
import type { Call } from "./http/call.ts";
import { longestOf, redactor } from "./http/redact.ts";
import { fetcherOf, type SourceOptions, sourceOver } from "./http/source.ts";
import { baseOf } from "./http/url.ts";
import type { Incoming, Wire } from "./http/wire.ts";
import type { Limits } from "./limits.ts";
import { headerLengthField, vendorHeaderLength, vendorType } from "./oip/frame.ts";
import { Malformed } from "./oip/malformed.ts";
import type { Pieces } from "./oip/pieces.ts";

/** Of the API's model (BodyBlob); newer pages say 25 MB: an operator who has seen it raises `limits` in the config. */
const payload = 6_291_456;

/** Whole answers, and streamed ones: whether the ceiling holds for their sum is not documented, so it is taken to. */
export const sagemakerLimits = {
  whole: { requestBytes: payload, answerBytes: payload, timeoutMs: 60_000 },
  stream: { requestBytes: payload, answerBytes: payload, timeoutMs: 480_000 },
} as const satisfies Record<string, Limits>;

export interface SageMakerOptions extends SourceOptions {
  readonly region: string;
  /** The endpoint's name. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
  /** The inference component to ask, on endpoints that have them. */
  readonly component?: string;
  /** The production variant to ask, past the endpoint's traffic split. */
  readonly variant?: string;
  /** InvokeEndpointWithResponseStream: eight minutes instead of one. */
  readonly stream?: boolean;
  /** Another address of the service, a VPC endpoint's for one. */
  readonly url?: string;
}

/**
 * Makes the adapter; connects to nothing yet.
 *
 * @param options see `SageMakerOptions`
 * @returns a StepSource whose calls throw `Fault` and nothing else
 * @throws TypeError on a url that cannot be used
 */
export function sagemaker(options: SageMakerOptions): StepSource {
  const { region, accessKeyId, secretAccessKey, sessionToken, component, variant, stream = false } = options;
  const client = new SageMakerRuntimeClient({
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    // Whether a step is asked again, and where, is decided by who holds all the endpoints.
    maxAttempts: 1,
    requestHandler: exchangeHandler,
    ...(options.url === undefined ? {} : { endpoint: baseOf(options.url) }),
  });
  const secrets = [accessKeyId, secretAccessKey, sessionToken ?? ""].map((secret) => secret.trim());
  const wire: Wire = {
    redact: redactor(secrets),
    reaches: "one",
    unframed: false,
    async send(call, { frame }) {
      const type = vendorType(frame.headerLength, "sagemaker");
      const input = {
        EndpointName: options.endpoint,
        ContentType: type,
        Accept: "*/*",
        Body: frame.body,
        ...(component === undefined ? {} : { InferenceComponentName: component }),
        ...(variant === undefined ? {} : { TargetVariant: variant }),
      };
      const exchange = new Exchange(call, fetcherOf(options.fetch), longestOf(secrets), stream);
      try {
        return await (stream ? streamed : whole)(client, input, exchange, call);
      } catch (error) {
        throw faultOf(call, exchange, error);
      }
    },
  };
  return sourceOver(options, wire);
}

async function whole(
  client: SageMakerRuntimeClient,
  input: InvokeEndpointCommandInput,
  exchange: Exchange,
): Promise<Incoming> {
  const options: SendOptions = { exchange };
  const { ContentType } = await client.send(new InvokeEndpointCommand(input), options);
  const { headers, pieces } = exchange.incoming!;
  return { headers: framed(ContentType, headers.get("content-length")), pieces };
}

async function streamed(
  client: SageMakerRuntimeClient,
  input: InvokeEndpointCommandInput,
  exchange: Exchange,
  call: Call,
): Promise<Incoming> {
  const options: SendOptions = { exchange };
  const command = new InvokeEndpointWithResponseStreamCommand(input);
  const { ContentType, Body } = await client.send(command, options);
  if (Body === undefined) throw new Malformed("an event stream without events");
  const pieces = piecesOfEvents(Body, call, exchange);
  return { headers: framed(ContentType, null), pieces };
}

/** What the answer's reader wants to see, from the content type that carries it here. */
function framed(type: string | undefined, length: string | null): Headers {
  const headers = new Headers();
  const headerLength = vendorHeaderLength(type, "sagemaker");
  if (headerLength !== null) headers.set(headerLengthField, headerLength);
  if (length !== null) headers.set("content-length", length);
  return headers;
}

/** Where events begin and end means nothing: their payloads follow one another. */
function piecesOfEvents(body: AsyncIterable<ResponseStream>, call: Call, exchange: Exchange): Pieces {
  const events = body[Symbol.asyncIterator]();
  return {
    async next() {
      try {
        for (let next = await events.next(); !next.done; next = await events.next()) {
          const { PayloadPart, ModelStreamError: model, InternalStreamFailure: internal } = next.value;
          if (PayloadPart?.Bytes) return PayloadPart.Bytes;
          if (model ?? internal) throw model ?? internal;
        }
        return null;
      } catch (error) {
        throw faultOf(call, exchange, error);
      }
    },
    cancel: () => exchange.incoming?.pieces.cancel(),
  };
}

function faultOf(call: Call, { refusal, incoming }: Exchange, error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (refusal !== null) {
    const name = error instanceof Error ? error.name : "";
    const original =
      error instanceof ModelError
        ? { originalStatus: error.OriginalStatusCode, originalMessage: error.OriginalMessage }
        : {};
    const { fault, billed, words } = awsVerdict({ ...refusal, name, ...original });
    return call.refused(fault, words, billed, refusal.headers);
  }
  if (error instanceof ModelStreamError && error.ErrorCode === "ModelInvocationTimeExceeded")
    return call.fault({ kind: "timeout", phase: "body" }, error.message);
  if (error instanceof SageMakerRuntimeServiceException)
    return call.fault({ kind: "unreachable" }, `${error.name}: ${error.message}`);
  // Behind a 200 whatever else the SDK cannot read is no event stream.
  if (incoming !== null && !(error instanceof Malformed))
    return call.faultOf(new Malformed(error instanceof Error ? error.message : String(error)));
  return call.faultOf(error);
}
