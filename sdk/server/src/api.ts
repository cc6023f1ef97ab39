// Made by sdk/server/generate.ts from contracts/openapi.yaml: edit that, then `npm run sdk:types`.
export interface paths {
    "/v1/registrations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create or refresh a user and its device
         * @description A device is known by its client, property and installationId. A known one that has not changed is answered 200 and nothing is written; to change it, its device token is needed.
         */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registrations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Opt out: the device and its subscriptions go */
        delete: operations["unregister"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A device joins topics */
        post: operations["subscribe"];
        /** A device leaves topics */
        delete: operations["unsubscribe"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send 1 to 100 analytics events
         * @description Answered once they are durable. The body may also be text/plain, with the key in it and no header: what navigator.sendBeacon can send.
         */
        post: operations["sendEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        RegistrationRequest: {
            property: string;
            user?: {
                id: string;
                token?: string;
            };
            device: {
                installationId: string;
                /** @enum {string} */
                platform: "web" | "ios" | "android";
                address?: {
                    /** @enum {string} */
                    kind: "fcm_token" | "fid" | "webpush";
                    value: string;
                };
                /** @description a language tag; cut to 35 characters between subtags, left out when it is none */
                locale?: string | null;
                /** @description an IANA name; left out when it is not known */
                timeZone?: string | null;
            };
            page?: {
                /** @description the page's address, of any scheme; what is longer than 2048 characters is cut, what is no URL is left out */
                url?: string | null;
                /** @description document.referrer, of any scheme; what is longer than 2048 characters is cut, what is no URL is left out; '' for none */
                referrer?: string | null;
            };
        };
        RegistrationResponse: {
            /** Format: uuid */
            registrationId: string;
            /** Format: uuid */
            userId: string;
            /** Format: uuid */
            deviceId: string;
            deviceToken?: string;
            created: boolean;
        };
        SubscriptionRequest: {
            /** Format: uuid */
            registrationId: string;
            topics: string[];
        };
        SubscriptionResponse: {
            name: string;
            /** @enum {string} */
            state: "joined" | "left";
        }[];
        EventsRequest: {
            /** @description the API key, in a text/plain body only */
            key?: string;
            /** @description who the events are from; each becomes a column of every event */
            context?: {
                property: string;
                installationId: string;
                /**
                 * Format: uuid
                 * @description as the registration answered it
                 */
                deviceId?: string;
                /** @description the user whom the page knows; a claim */
                userId?: string;
                /** @description of a visit; `seq` counts within it */
                sessionId: string;
                sdk: {
                    name: string;
                    version: string;
                };
            };
            events: {
                /**
                 * Format: uuid
                 * @description a UUIDv7 (RFC 9562) made when the event happened
                 */
                id: string;
                type: string;
                /**
                 * Format: date-time
                 * @description when it happened: RFC 3339 with its zone, from 1970 to 2999
                 */
                time: string;
                /** @description 1, 2, … within a session: a gap is an event that was lost */
                seq?: number;
                /** @description any JSON object, at most 32 levels deep, its numbers within a double; U+0000 in texts is left out */
                data?: {
                    [key: string]: unknown;
                };
            }[];
        };
        EventsResponse: {
            accepted: number;
        };
        Problem: {
            /** Format: uri */
            type: string;
            title: string;
            status: number;
            /** @enum {string} */
            code: "key_missing" | "key_invalid" | "key_expired" | "client_disabled" | "key_kind" | "scope_missing" | "origin_not_allowed" | "device_token_invalid" | "user_token_invalid" | "body_malformed" | "body_invalid" | "property_unknown" | "registration_unknown" | "route_unknown" | "idempotency_in_progress" | "idempotency_mismatch" | "too_many_requests" | "function_failed" | "busy" | "client_unknown" | "unavailable" | "function_timeout";
            detail?: string;
            /** @description what is wrong with the body, by JSON pointer (RFC 6901) */
            errors?: {
                pointer: string;
                detail: string;
            }[];
        };
        GatewayError: {
            message: string;
            request_id?: string;
        };
    };
    responses: {
        /** @description The body exceeds the limit of its route */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["GatewayError"];
            };
        };
        /** @description Too many requests of a secret key */
        RateLimited: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["GatewayError"];
            };
        };
        /** @description The gateway failed */
        Unexpected: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["GatewayError"];
            };
        };
        /** @description route_unknown: There is nothing at this address */
        RouteUnknown: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @constant */
                    status?: 404;
                    /** @enum {unknown} */
                    code?: "route_unknown";
                };
            };
        };
    };
    parameters: {
        /** @description names the request for 7 days, whether or not it changed anything: a repeat with the same body gets the first answer again, and changes nothing that was done since. The name is one of its client, route and device: with another of these it is another request. Refusals are not kept. */
        IdempotencyKey: string;
        /** @description the deviceToken that the registration was answered with */
        DeviceToken: string;
        /** @description needed to change a known registration */
        OptionalDeviceToken: string;
        RegistrationId: string;
    };
    requestBodies: never;
    headers: {
        /** @description seconds */
        RetryAfter: number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    register: {
        parameters: {
            query?: never;
            header?: {
                /** @description names the request for 7 days, whether or not it changed anything: a repeat with the same body gets the first answer again, and changes nothing that was done since. The name is one of its client, route and device: with another of these it is another request. Refusals are not kept. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description needed to change a known registration */
                "X-Device-Token"?: components["parameters"]["OptionalDeviceToken"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description at most 64 KiB */
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegistrationRequest"];
            };
        };
        responses: {
            /** @description Known */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistrationResponse"];
                };
            };
            /** @description New */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistrationResponse"];
                };
            };
            /**
             * @description body_malformed: The body is not valid JSON
             *     body_invalid: The body does not have the expected shape
             *     property_unknown: This client has no such property
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 400;
                        /** @enum {unknown} */
                        code?: "body_malformed" | "body_invalid" | "property_unknown";
                    };
                };
            };
            /**
             * @description key_missing: An API key is required
             *     key_invalid: The API key is not known
             *     key_expired: The API key has expired
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 401;
                        /** @enum {unknown} */
                        code?: "key_missing" | "key_invalid" | "key_expired";
                    };
                };
            };
            /**
             * @description client_disabled: This client is disabled
             *     key_kind: This kind of API key may not be used here
             *     origin_not_allowed: The API key may not be used from this origin
             *     device_token_invalid: The device token is missing or does not belong to this device
             *     user_token_invalid: The user token is missing, expired or not signed by this client
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 403;
                        /** @enum {unknown} */
                        code?: "client_disabled" | "key_kind" | "origin_not_allowed" | "device_token_invalid" | "user_token_invalid";
                    };
                };
            };
            /** @description idempotency_in_progress: A request with this idempotency key is still in progress */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 409;
                        /** @enum {unknown} */
                        code?: "idempotency_in_progress";
                    };
                };
            };
            413: components["responses"]["TooLarge"];
            /** @description idempotency_mismatch: This idempotency key was used with another body */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 422;
                        /** @enum {unknown} */
                        code?: "idempotency_mismatch";
                    };
                };
            };
            /** @description too_many_requests: Too many requests */
            429: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 429;
                        /** @enum {unknown} */
                        code?: "too_many_requests";
                    };
                };
            };
            500: components["responses"]["Unexpected"];
            /** @description function_failed: The request could not be processed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 502;
                        /** @enum {unknown} */
                        code?: "function_failed";
                    };
                };
            };
            /**
             * @description unavailable: A part of the service is unavailable; try again later
             *     client_unknown: This client is not set up yet; try again later
             *     busy: Too many requests are waiting; try again later
             */
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 503;
                        /** @enum {unknown} */
                        code?: "unavailable" | "client_unknown" | "busy";
                    };
                };
            };
            /** @description function_timeout: The request was not processed in time */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 504;
                        /** @enum {unknown} */
                        code?: "function_timeout";
                    };
                };
            };
        };
    };
    unregister: {
        parameters: {
            query?: never;
            header: {
                /** @description names the request for 7 days, whether or not it changed anything: a repeat with the same body gets the first answer again, and changes nothing that was done since. The name is one of its client, route and device: with another of these it is another request. Refusals are not kept. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description the deviceToken that the registration was answered with */
                "X-Device-Token": components["parameters"]["DeviceToken"];
            };
            path: {
                id: components["parameters"]["RegistrationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /**
             * @description key_missing: An API key is required
             *     key_invalid: The API key is not known
             *     key_expired: The API key has expired
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 401;
                        /** @enum {unknown} */
                        code?: "key_missing" | "key_invalid" | "key_expired";
                    };
                };
            };
            /**
             * @description client_disabled: This client is disabled
             *     key_kind: This kind of API key may not be used here
             *     origin_not_allowed: The API key may not be used from this origin
             *     device_token_invalid: The device token is missing or does not belong to this device
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 403;
                        /** @enum {unknown} */
                        code?: "client_disabled" | "key_kind" | "origin_not_allowed" | "device_token_invalid";
                    };
                };
            };
            /**
             * @description registration_unknown: There is no such registration
             *     route_unknown: There is nothing at this address
             */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 404;
                        /** @enum {unknown} */
                        code?: "registration_unknown" | "route_unknown";
                    };
                };
            };
            /** @description idempotency_in_progress: A request with this idempotency key is still in progress */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 409;
                        /** @enum {unknown} */
                        code?: "idempotency_in_progress";
                    };
                };
            };
            /** @description idempotency_mismatch: This idempotency key was used with another body */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 422;
                        /** @enum {unknown} */
                        code?: "idempotency_mismatch";
                    };
                };
            };
            /** @description too_many_requests: Too many requests */
            429: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 429;
                        /** @enum {unknown} */
                        code?: "too_many_requests";
                    };
                };
            };
            500: components["responses"]["Unexpected"];
            /** @description function_failed: The request could not be processed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 502;
                        /** @enum {unknown} */
                        code?: "function_failed";
                    };
                };
            };
            /**
             * @description unavailable: A part of the service is unavailable; try again later
             *     client_unknown: This client is not set up yet; try again later
             *     busy: Too many requests are waiting; try again later
             */
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 503;
                        /** @enum {unknown} */
                        code?: "unavailable" | "client_unknown" | "busy";
                    };
                };
            };
            /** @description function_timeout: The request was not processed in time */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 504;
                        /** @enum {unknown} */
                        code?: "function_timeout";
                    };
                };
            };
        };
    };
    subscribe: {
        parameters: {
            query?: never;
            header: {
                /** @description names the request for 7 days, whether or not it changed anything: a repeat with the same body gets the first answer again, and changes nothing that was done since. The name is one of its client, route and device: with another of these it is another request. Refusals are not kept. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description the deviceToken that the registration was answered with */
                "X-Device-Token": components["parameters"]["DeviceToken"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description at most 64 KiB */
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionRequest"];
            };
        };
        responses: {
            /** @description Joined */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionResponse"];
                };
            };
            /**
             * @description body_malformed: The body is not valid JSON
             *     body_invalid: The body does not have the expected shape
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 400;
                        /** @enum {unknown} */
                        code?: "body_malformed" | "body_invalid";
                    };
                };
            };
            /**
             * @description key_missing: An API key is required
             *     key_invalid: The API key is not known
             *     key_expired: The API key has expired
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 401;
                        /** @enum {unknown} */
                        code?: "key_missing" | "key_invalid" | "key_expired";
                    };
                };
            };
            /**
             * @description client_disabled: This client is disabled
             *     key_kind: This kind of API key may not be used here
             *     origin_not_allowed: The API key may not be used from this origin
             *     device_token_invalid: The device token is missing or does not belong to this device
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 403;
                        /** @enum {unknown} */
                        code?: "client_disabled" | "key_kind" | "origin_not_allowed" | "device_token_invalid";
                    };
                };
            };
            /** @description registration_unknown: There is no such registration */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 404;
                        /** @enum {unknown} */
                        code?: "registration_unknown";
                    };
                };
            };
            /** @description idempotency_in_progress: A request with this idempotency key is still in progress */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 409;
                        /** @enum {unknown} */
                        code?: "idempotency_in_progress";
                    };
                };
            };
            413: components["responses"]["TooLarge"];
            /** @description idempotency_mismatch: This idempotency key was used with another body */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 422;
                        /** @enum {unknown} */
                        code?: "idempotency_mismatch";
                    };
                };
            };
            /** @description too_many_requests: Too many requests */
            429: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 429;
                        /** @enum {unknown} */
                        code?: "too_many_requests";
                    };
                };
            };
            500: components["responses"]["Unexpected"];
            /** @description function_failed: The request could not be processed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 502;
                        /** @enum {unknown} */
                        code?: "function_failed";
                    };
                };
            };
            /**
             * @description unavailable: A part of the service is unavailable; try again later
             *     client_unknown: This client is not set up yet; try again later
             *     busy: Too many requests are waiting; try again later
             */
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 503;
                        /** @enum {unknown} */
                        code?: "unavailable" | "client_unknown" | "busy";
                    };
                };
            };
            /** @description function_timeout: The request was not processed in time */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 504;
                        /** @enum {unknown} */
                        code?: "function_timeout";
                    };
                };
            };
        };
    };
    unsubscribe: {
        parameters: {
            query?: never;
            header: {
                /** @description names the request for 7 days, whether or not it changed anything: a repeat with the same body gets the first answer again, and changes nothing that was done since. The name is one of its client, route and device: with another of these it is another request. Refusals are not kept. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description the deviceToken that the registration was answered with */
                "X-Device-Token": components["parameters"]["DeviceToken"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description at most 64 KiB */
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionRequest"];
            };
        };
        responses: {
            /** @description Left */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionResponse"];
                };
            };
            /**
             * @description body_malformed: The body is not valid JSON
             *     body_invalid: The body does not have the expected shape
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 400;
                        /** @enum {unknown} */
                        code?: "body_malformed" | "body_invalid";
                    };
                };
            };
            /**
             * @description key_missing: An API key is required
             *     key_invalid: The API key is not known
             *     key_expired: The API key has expired
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 401;
                        /** @enum {unknown} */
                        code?: "key_missing" | "key_invalid" | "key_expired";
                    };
                };
            };
            /**
             * @description client_disabled: This client is disabled
             *     key_kind: This kind of API key may not be used here
             *     origin_not_allowed: The API key may not be used from this origin
             *     device_token_invalid: The device token is missing or does not belong to this device
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 403;
                        /** @enum {unknown} */
                        code?: "client_disabled" | "key_kind" | "origin_not_allowed" | "device_token_invalid";
                    };
                };
            };
            /** @description registration_unknown: There is no such registration */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 404;
                        /** @enum {unknown} */
                        code?: "registration_unknown";
                    };
                };
            };
            /** @description idempotency_in_progress: A request with this idempotency key is still in progress */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 409;
                        /** @enum {unknown} */
                        code?: "idempotency_in_progress";
                    };
                };
            };
            413: components["responses"]["TooLarge"];
            /** @description idempotency_mismatch: This idempotency key was used with another body */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 422;
                        /** @enum {unknown} */
                        code?: "idempotency_mismatch";
                    };
                };
            };
            /** @description too_many_requests: Too many requests */
            429: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 429;
                        /** @enum {unknown} */
                        code?: "too_many_requests";
                    };
                };
            };
            500: components["responses"]["Unexpected"];
            /** @description function_failed: The request could not be processed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 502;
                        /** @enum {unknown} */
                        code?: "function_failed";
                    };
                };
            };
            /**
             * @description unavailable: A part of the service is unavailable; try again later
             *     client_unknown: This client is not set up yet; try again later
             *     busy: Too many requests are waiting; try again later
             */
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 503;
                        /** @enum {unknown} */
                        code?: "unavailable" | "client_unknown" | "busy";
                    };
                };
            };
            /** @description function_timeout: The request was not processed in time */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 504;
                        /** @enum {unknown} */
                        code?: "function_timeout";
                    };
                };
            };
        };
    };
    sendEvents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description at most 512 KiB */
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventsRequest"];
            };
        };
        responses: {
            /** @description Durable */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsResponse"];
                };
            };
            /**
             * @description body_malformed: The body is not valid JSON
             *     body_invalid: The body does not have the expected shape
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 400;
                        /** @enum {unknown} */
                        code?: "body_malformed" | "body_invalid";
                    };
                };
            };
            /**
             * @description key_missing: An API key is required
             *     key_invalid: The API key is not known
             *     key_expired: The API key has expired
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 401;
                        /** @enum {unknown} */
                        code?: "key_missing" | "key_invalid" | "key_expired";
                    };
                };
            };
            /**
             * @description client_disabled: This client is disabled
             *     key_kind: This kind of API key may not be used here
             *     origin_not_allowed: The API key may not be used from this origin
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 403;
                        /** @enum {unknown} */
                        code?: "client_disabled" | "key_kind" | "origin_not_allowed";
                    };
                };
            };
            413: components["responses"]["TooLarge"];
            /** @description too_many_requests: Too many requests */
            429: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 429;
                        /** @enum {unknown} */
                        code?: "too_many_requests";
                    };
                };
            };
            500: components["responses"]["Unexpected"];
            /** @description unavailable: A part of the service is unavailable; try again later */
            503: {
                headers: {
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @constant */
                        status?: 503;
                        /** @enum {unknown} */
                        code?: "unavailable";
                    };
                };
            };
        };
    };
}
