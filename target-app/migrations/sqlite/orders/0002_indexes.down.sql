DROP INDEX orders_customer_id;
DROP INDEX order_items_order_id;
