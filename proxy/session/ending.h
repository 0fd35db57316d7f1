#pragma once
#include "proxy/backend/connection.h"
#include "smtp/reply.h"

namespace proxy {

// How the handing over of a message ended.
struct Ending {
  enum class Outcome { relayed, refused, unknown } outcome;  // unknown: the backend may have it (RFC 1047)
  smtp::Reply reply;                                         // what the client is to hear
};

// Whose a message is whose end was sent to the backend, by the answer to that (RFC 5321 §6.1): the backend's after its
// 2xx; still the client's after a 4xx or 5xx; and where no answer came that can be understood, nobody here knows, so
// that the client has to keep it.
Ending ending_by(const BackendConnection::Answer& answer);

// After such an answer to anything but DATA nothing more can be said on that connection: none came, a 421, or one out
// of place.
bool ends_dialogue(const BackendConnection::Answer& answer);

}  // namespace proxy
