/** The least that a gateway of this kind can be: a Hono app on workerd that sends every call on as it came. */
import { Hono } from "hono";

const app = new Hono<{ Bindings: { readonly ENDPOINT_URL: string } }>();

app.post("*", (c) => fetch(c.env.ENDPOINT_URL + c.req.path, c.req.raw));

export default app;
