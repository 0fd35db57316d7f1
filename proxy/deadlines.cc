#include "proxy/deadlines.h"

#include <algorithm>

namespace proxy {

Deadline::~Deadline() { deadlines_.unlink(*this); }

void Deadline::after(std::chrono::milliseconds time) {
  at_ = Clock::now() + time;
  if (slot_ != none && at_ >= visit_) return;  // its slot comes up first and moves it on
  deadlines_.unlink(*this);
  deadlines_.link(*this);
}

void Deadlines::link(Deadline& deadline) {
  if (!running_) {
    running_ = true;
    hand_at_ = Deadline::Clock::now();
    wait();
  }
  const auto ahead = (deadline.at_ - hand_at_) / tick + 1;
  const auto steps = std::clamp<long>(static_cast<long>(ahead), 1, static_cast<long>(slots) - 1);
  deadline.slot_ = (hand_ + static_cast<std::size_t>(steps)) % slots;
  deadline.visit_ = hand_at_ + steps * tick;
  deadline.previous_ = nullptr;
  deadline.next_ = wheel_[deadline.slot_];
  if (deadline.next_) deadline.next_->previous_ = &deadline;
  wheel_[deadline.slot_] = &deadline;
  ++linked_;
}

void Deadlines::unlink(Deadline& deadline) {
  if (deadline.slot_ == Deadline::none) return;
  (deadline.previous_ ? deadline.previous_->next_ : wheel_[deadline.slot_]) = deadline.next_;
  if (deadline.next_) deadline.next_->previous_ = deadline.previous_;
  deadline.slot_ = Deadline::none;
  --linked_;
}

void Deadlines::wait() {
  timer_.expires_at(hand_at_ + tick);
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) turn();
  });
}

void Deadlines::turn() {
  const auto now = Deadline::Clock::now();
  while (hand_at_ + tick <= now) {
    hand_ = (hand_ + 1) % slots;
    hand_at_ += tick;
    while (Deadline* due = wheel_[hand_]) {  // whatever is linked meanwhile goes into later slots
      unlink(*due);
      if (due->at_ == Deadline::Clock::time_point::max()) continue;
      if (due->at_ > hand_at_) {
        link(*due);
      } else {
        due->never();
        due->expired_();  // may end the deadline's life
      }
    }
  }
  running_ = linked_ > 0;
  if (running_) wait();
}

}  // namespace proxy
