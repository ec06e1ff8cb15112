"""Some messages of a chat removed from MongoDB, with their Runs."""

from pymongo.database import Database

from chatstream.store.mongo_documents import Document
from chatstream.store.records import Cut


def prune(database: Database[Document], cut: Cut) -> bool:
    mine = {"chat_id": cut.chat_id, "owner": cut.owner}
    place = {"_id": cut.chat_id, "owner": cut.owner, "leaf_id": cut.leaf_before}
    if not database["chats"].update_one(place, {"$set": {"leaf_id": cut.leaf_id}}).matched_count:
        return False
    # Their first goes first: what is left if this breaks off hangs on nothing, and is not shown.
    for ids in (cut.message_ids[:1], cut.message_ids[1:]):
        database["messages"].delete_many({**mine, "_id": {"$in": ids}})
    database["files"].delete_many({**mine, "message_id": {"$in": cut.message_ids}})
    of_runs = {**mine, "message_id": {"$in": cut.message_ids}}
    runs = [run["_id"] for run in database["runs"].find(of_runs, {"_id": 1})]
    database["runs"].delete_many(of_runs)
    database["run_events"].delete_many({"run_id": {"$in": runs}})
    return True
