import type { Message } from './protobuf.ts';

/**
 * The messages of Kong 3.9's `kong/include/kong/pluginsocket.proto` (names and field numbers are the interface).
 * A frame is a u32 little-endian length and a payload.
 */
const string = (no: number) => ({ no, type: 'string' }) as const;
const int = (no: number) => ({ no, type: 'int' }) as const;
const strings = (no: number) => ({ no, type: 'string', repeated: true }) as const;

export const InstanceStatus = {
  name: string(1),
  instance_id: int(2),
  config: { no: 3, type: 'value' },
  started_at: int(4),
} satisfies Message;

export const RpcCall = {
  sequence: int(1),
  cmd_start_instance: { no: 33, type: { name: string(1), config: { no: 2, type: 'bytes' } } },
  cmd_close_instance: { no: 35, type: { instance_id: int(1) } },
  cmd_handle_event: { no: 36, type: { instance_id: int(1), event_name: string(2) } },
} satisfies Message;

export const RpcReturn = {
  sequence: int(1),
  instance_status: { no: 33, type: InstanceStatus },
} satisfies Message;

export const Consumer = {
  id: string(1),
  created_at: int(2),
  username: string(3),
  custom_id: string(4),
  tags: strings(5),
} satisfies Message;

export const Credential = { id: string(1), consumer_id: string(2) } satisfies Message;
export const AuthenticateArgs = {
  consumer: { no: 1, type: Consumer },
  credential: { no: 2, type: Credential },
} satisfies Message;

export const ConsumerSpec = { id: string(1), by_username: { no: 2, type: 'bool' } } satisfies Message;
export const KeyValue = { k: string(1), v: { no: 2, type: 'value' } } satisfies Message;
export const ExitArgs = {
  status: int(1),
  body: { no: 2, type: 'bytes' },
  headers: { no: 3, type: 'struct' },
} satisfies Message;

export const RawBody = {
  content: { no: 1, type: 'bytes' },
  body_filepath: string(2),
  error: string(3),
} satisfies Message;

export const StringBox = { v: string(1) } satisfies Message;
export const NumberBox = { v: { no: 1, type: 'double' } } satisfies Message;
