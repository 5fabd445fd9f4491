package io.blockcam.cli;

import io.blockcam.ublk.DeviceOwner;
import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.DeviceState;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.stack.StorageStack;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Keeps a server from standing on its own device, or on one that nobody serves: it would wait for
 * itself, for ever, and so would everybody else. Control thread.
 */
final class OwnStorage {

  private final UblkControl control;

  /** Of each place, the ublk devices that it stands on. */
  private final Map<String, Set<Integer>> places = new LinkedHashMap<>();

  /**
   * @param control stays the caller's
   */
  OwnStorage(final UblkControl control) {
    this.control = control;
  }

  /**
   * Adds a file or directory that the server will use. It is not touched if it may not answer.
   *
   * @param option that named it
   */
  OwnStorage with(final String option, final Path place) throws IOException {
    places.put(option + " " + place, StorageStack.below(place));
    return this;
  }

  /** Refuses to go on if one of the places stands on a device that nobody serves. */
  void refuseOrphans() throws IOException {
    refuse(Optional.empty());
  }

  /** Refuses to go on if one of the places stands on the device of this recording. */
  void refuseItself(final UUID recording) throws IOException {
    refuse(Optional.of(recording));
  }

  private void refuse(final Optional<UUID> recording) throws IOException {
    if (places.values().stream().allMatch(Set::isEmpty)) {
      return; // as nearly always
    }
    for (final DeviceInfo device : control.devices()) {
      for (final Map.Entry<String, Set<Integer>> place : places.entrySet()) {
        if (!place.getValue().contains(device.id())) {
          continue;
        }
        if (device.state() != DeviceState.LIVE || !device.isServerAlive()) {
          throw CommandException.usage(
              "%s stands on %s, which nobody serves: it would never answer; choose another place"
                  .formatted(place.getKey(), device.blockDevicePath()));
        }
        if (recording.map(DeviceOwner::of).filter(owner -> owner == device.owner()).isPresent()) {
          throw CommandException.usage(
              "%s stands on %s, the disk of this recording itself; choose another place"
                  .formatted(place.getKey(), device.blockDevicePath()));
        }
      }
    }
  }
}
