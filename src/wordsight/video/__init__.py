"""Text in moving pictures: found now and then, followed in between, read several times and voted on.

::

    from wordsight.video import watch

    for look in watch("ride.mp4"):
        for event in look.events:
            print(event.time, event.kind, event.text)
"""

from __future__ import annotations

from wordsight.video.source import Frame, Source, open_source
from wordsight.video.tracks import Track
from wordsight.video.watch import Event, Look, Stats, Watcher, WatchOptions, watch

__all__ = ["Event", "Frame", "Look", "Source", "Stats", "Track", "WatchOptions", "Watcher", "open_source", "watch"]
