/** Passkey ceremonies (WebAuthn): options as JSON in, the credential as JSON out, bytes as base64url. */
import { define } from "../../front/module";

type Json = Record<string, unknown>;

function bytes(text: string): ArrayBuffer {
  const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(raw, (c) => c.charCodeAt(0)).buffer;
}

function text(buffer: ArrayBuffer | null): string | null {
  if (!buffer) return null;
  let raw = "";
  for (const byte of new Uint8Array(buffer)) raw += String.fromCharCode(byte);
  return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const ids = (list: unknown): PublicKeyCredentialDescriptor[] =>
  ((list ?? []) as (PublicKeyCredentialDescriptor & { id: unknown })[]).map((one) => ({ ...one, id: bytes(String(one.id)) }));

class Passkey {
  private readonly error: HTMLElement | null;

  constructor(private readonly button: HTMLElement) {
    this.error = button.parentElement?.querySelector("[data-passkey-error]") ?? null;
    button.hidden = false;
    button.addEventListener("click", () => void this.run());
  }

  private async run(): Promise<void> {
    this.say("");
    this.button.setAttribute("aria-busy", "true");
    try {
      const options = await this.post(this.button.dataset["optionsUrl"] ?? "", {});
      const registers = this.button.dataset["action"] === "register";
      const answer = registers ? await register(options) : await signIn(options);
      const next = await this.post(this.button.dataset["verifyUrl"] ?? "", answer);
      location.assign(typeof next["next"] === "string" ? next["next"] : (this.button.dataset["next"] ?? location.href));
    } catch (problem) {
      this.say(words(problem));
    } finally {
      this.button.removeAttribute("aria-busy");
    }
  }

  private async post(url: string, body: Json): Promise<Json> {
    const field = this.button.closest("form")?.querySelector<HTMLInputElement>("[name=next]");
    const token = document.body.dataset["csrf"] ?? document.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "";
    const answer = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(field?.value ? { ...body, next: field.value } : body),
    });
    const given = (await answer.json().catch(() => ({}))) as Json;
    if (!answer.ok) throw new Error(String(given["detail"] ?? given["message"] ?? "没有成功，请再试一次。"));
    return given;
  }

  private say(message: string): void {
    if (!this.error) return;
    this.error.textContent = message;
    this.error.hidden = message === "";
  }
}

async function register(given: Json): Promise<Json> {
  const options = (given["publicKey"] ?? given) as Json;
  const user = options["user"] as Json;
  const publicKey = {
    ...options,
    challenge: bytes(String(options["challenge"])),
    user: { ...user, id: bytes(String(user["id"])) },
    excludeCredentials: ids(options["excludeCredentials"]),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment,
    clientExtensionResults: made.getClientExtensionResults(),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

async function signIn(given: Json): Promise<Json> {
  const options = (given["publicKey"] ?? given) as Json;
  const publicKey = {
    ...options,
    challenge: bytes(String(options["challenge"])),
    allowCredentials: ids(options["allowCredentials"]),
  } as unknown as PublicKeyCredentialRequestOptions;
  const made = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAssertionResponse;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment,
    clientExtensionResults: made.getClientExtensionResults(),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle),
    },
  };
}

function words(problem: unknown): string {
  const name = problem instanceof DOMException ? problem.name : "";
  if (name === "NotAllowedError") return "没有完成：取消了，或者等得太久。可以再试一次，或用口令。";
  if (name === "InvalidStateError") return "这把密钥已经登记过。";
  if (name === "SecurityError") return "这个网址不能用通行密钥；请用登记时的网址。";
  return problem instanceof Error && problem.message ? problem.message : "没有成功，请再试一次。";
}

define("passkey", (button) => ("credentials" in navigator && "PublicKeyCredential" in window ? void new Passkey(button) : undefined));
