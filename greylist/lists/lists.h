#pragma once
#include "lists/address_list.h"
#include "lists/client_list.h"

namespace greylist {

// allow or block: an attempt is on it if its client, its sender or its recipient is.
struct Lists {
  ClientList clients;
  AddressList senders, recipients;
};

}  // namespace greylist
